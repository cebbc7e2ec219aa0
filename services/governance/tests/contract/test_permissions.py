"""Which permission each route asks for: with all others one stays outside, with that one alone one comes in."""

from typing import Any, Final

import pytest

from services.governance.tests.contract.api import Api

ID: Final = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"
RULE: Final = {"currency": "NAD", "threshold": "1.00", "reason": "resolution 12"}
ROUTES: Final[list[tuple[str, str, dict[str, Any], str, int]]] = [
    ("GET", "/roles", {}, "role:manage", 200),
    ("GET", "/roles/staff", {}, "role:manage", 200),
    ("PUT", "/roles/staff/permissions", {"json": {"permissions": []}, "headers": {"If-Match": '"9"'}}, "role:manage", 412),
    ("GET", "/permissions", {}, "role:manage", 200),
    ("GET", "/role-assignments", {"params": {"reason": "complaint 4711"}}, "role:manage", 200),
    ("GET", f"/role-assignments/{ID}", {}, "role:manage", 200),
    ("POST", "/role-assignments", {"json": {"subject_id": ID, "role": "staff"}}, "role:manage", 404),
    ("DELETE", f"/role-assignments/{ID}/staff", {}, "role:manage", 200),
    ("GET", "/policies", {}, "policy:manage", 200),
    ("GET", "/policies/current", {}, "policy:manage", 200),
    ("GET", "/policies/approval-rules", {}, "policy:manage", 200),
    ("GET", "/policies/approval-rules/large", {}, "policy:manage", 404),
    ("PUT", "/policies/approval-rules/large", {"json": RULE}, "policy:manage", 200),
    ("DELETE", "/policies/approval-rules/large", {"params": {"reason": "the desk is closed"}}, "policy:manage", 404),
]


@pytest.mark.parametrize(("method", "path", "options", "permission", "status"), ROUTES)
async def test_it_takes_this_permission_and_no_other(
    api: Api, method: str, path: str, options: dict[str, Any], permission: str, status: int
) -> None:
    every = [each["name"] for each in (await api.call("GET", "/permissions")).json()["data"]["items"]]
    assert permission in every
    held = {"guest": [permission], "staff": [each for each in every if each != permission]}
    for role, permissions in held.items():
        version = (await api.call("GET", f"/roles/{role}")).headers["etag"]
        answer = await api.call(
            "PUT", f"/roles/{role}/permissions", json={"permissions": permissions}, headers={"If-Match": version}
        )
        assert answer.status_code == 200, answer.text
    await api.refresher.refresh()
    outside = await api.call(method, path, roles=("staff",), **options)
    assert (outside.status_code, outside.json()["code"]) == (403, "ACC_001")
    inside = await api.call(method, path, roles=("guest",), **options)
    assert inside.status_code == status, inside.text
