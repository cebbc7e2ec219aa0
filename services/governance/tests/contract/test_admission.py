"""Access to the routes: for administrators only, each route by one permission."""

from typing import Any, Final

import pytest

from services.governance.tests.contract.api import Api

ROUTES = [
    ("GET", "/roles"),
    ("GET", "/roles/staff"),
    ("PUT", "/roles/staff/permissions"),
    ("POST", "/roles"),
    ("PATCH", "/roles/staff"),
    ("PUT", "/roles/staff/includes"),
    ("POST", "/roles/staff/retire"),
    ("GET", "/permissions"),
    ("GET", "/access/users/0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"),
    ("GET", "/access/explain"),
    ("GET", "/access/who-can"),
    ("GET", "/access/preview"),
    ("GET", "/access/separations"),
    ("GET", "/access/separations/pay-and-approve"),
    ("PUT", "/access/separations/pay-and-approve"),
    ("DELETE", "/access/separations/pay-and-approve?reason=test"),
    ("GET", "/access/separations/pay-and-approve/conflicts"),
    ("GET", "/access/separation-exceptions"),
    ("POST", "/access/separation-exceptions"),
    ("POST", "/access/separation-exceptions/0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10/approve"),
    ("POST", "/access/separation-exceptions/0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10/end"),
    ("GET", "/role-assignments"),
    ("GET", "/role-assignments/0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"),
    ("POST", "/role-assignments"),
    ("DELETE", "/role-assignments/0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10/staff"),
    ("GET", "/policies"),
    ("POST", "/policies"),
    ("GET", "/policies/templates"),
    ("GET", "/policies/vocabulary"),
    ("POST", "/policies/preview"),
    ("GET", "/policies/business-hours"),
    ("PATCH", "/policies/business-hours"),
    ("GET", "/policies/business-hours/versions"),
    ("POST", "/policies/business-hours/versions"),
    ("GET", "/policies/business-hours/versions/1"),
    ("GET", "/policies/business-hours/shadow-report"),
    ("GET", "/policies/changes"),
    ("POST", "/policies/changes"),
    ("POST", "/policies/changes/preview"),
    ("GET", "/policies/changes/0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"),
    ("POST", "/policies/changes/0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10/approve"),
    ("POST", "/policies/changes/0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10/end"),
    ("GET", "/policies/golden-decisions"),
    ("GET", "/policies/golden-decisions/guests-pay-nothing"),
    ("PUT", "/policies/golden-decisions/guests-pay-nothing"),
    ("DELETE", "/policies/golden-decisions/guests-pay-nothing?reason=test"),
    ("GET", "/policies/bundles"),
    ("GET", "/policies/bundles/1"),
    ("GET", "/policies/bundles/current"),
    ("GET", "/policies/approval-rules"),
    ("GET", "/policies/approval-rules/large-payments"),
    ("PUT", "/policies/approval-rules/large-payments"),
    ("DELETE", "/policies/approval-rules/large-payments?reason=test"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("roles", [(), ("guest",), ("user",), ("user", "staff")])
async def test_only_administrators_are_admitted(api: Api, method: str, path: str, roles: tuple[str, ...]) -> None:
    response = await api.call(method, path, roles=roles)

    assert (response.status_code, response.json()["code"]) == (403, "ACC_001")


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_requests_without_a_token_are_refused(api: Api, method: str, path: str) -> None:
    assert await api.refused(method, path, roles=None) == (401, "AUTH_004")


@pytest.mark.parametrize("roles", [None, (), ("user", "staff")])
async def test_a_valid_request_without_permission_changes_nothing(api: Api, roles: tuple[str, ...] | None) -> None:
    subject, other = api.subject(), api.subject()
    await api.call("POST", "/role-assignments", json={"subject_id": str(subject), "role": "staff"})
    rule = {"currency": "NAD", "threshold": "1.00", "reason": "resolution 12"}
    await api.call("PUT", "/policies/approval-rules/standing", json=rule)
    writes: list[tuple[str, str, dict[str, Any]]] = [
        ("PUT", "/roles/guest/permissions", {"json": {"permissions": ["role:manage"]}, "headers": {"If-Match": '"1"'}}),
        ("POST", "/role-assignments", {"json": {"subject_id": str(other), "role": "admin"}}),
        ("DELETE", f"/role-assignments/{subject}/staff", {}),
        ("PUT", "/policies/approval-rules/new", {"json": rule}),
        ("PUT", "/policies/approval-rules/standing", {"json": {**rule, "threshold": "2.00"}, "headers": {"If-Match": '"1"'}}),
        ("DELETE", "/policies/approval-rules/standing", {"params": {"reason": "closed"}}),
    ]
    expected = (401, "AUTH_004") if roles is None else (403, "ACC_001")
    for method, path, options in writes:
        assert await api.refused(method, path, roles=roles, **options) == expected
        # The same requests succeed with another caller, so only the caller was wrong.
        assert (await api.call(method, path, **options)).status_code < 300


ID: Final = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"
RULE: Final = {"currency": "NAD", "threshold": "1.00", "reason": "resolution 12"}
SEPARATION: Final = {"first": "payment:create", "second": "payment:approve", "reason": "finding 7"}
HOURS: Final = {
    "template": "time-window",
    "parameters": {"permissions": ["payment:approve"], "starts": "09:00", "ends": "17:00"},
    "reason": "test",
}
OFF: Final = {"policy": "business-hours", "mode": "off"}
GOLDEN: Final = {
    "description": "Guests pay nothing",
    "permission": "payment:create",
    "roles": ["guest"],
    "is_allowed": False,
    "reason": "test",
}
EXCEPTION: Final = {"separation": "pay", "subject_id": ID, "expires_at": "2026-06-30T22:00:00Z", "reason": "leave"}
PERMISSION_OF: Final[list[tuple[str, str, dict[str, Any], str, int]]] = [
    ("GET", "/roles", {}, "role:manage", 200),
    ("GET", "/roles/staff", {}, "role:manage", 200),
    ("PUT", "/roles/staff/permissions", {"json": {"permissions": []}, "headers": {"If-Match": '"9"'}}, "role:manage", 412),
    ("POST", "/roles", {"json": {"name": "office", "title": "Office"}}, "role:manage", 201),
    ("PATCH", "/roles/guest", {"json": {}, "headers": {"If-Match": '"9"'}}, "role:manage", 412),
    ("PUT", "/roles/guest/includes", {"json": {"roles": []}, "headers": {"If-Match": '"9"'}}, "role:manage", 412),
    ("POST", "/roles/emperor/retire", {"json": {"reason": "revolution"}}, "role:manage", 404),
    ("GET", f"/access/users/{ID}", {}, "role:manage", 200),
    ("GET", "/access/explain", {"params": {"subject_id": ID, "permission": "user:read"}}, "role:manage", 200),
    ("GET", "/access/who-can", {"params": {"permission": "user:read", "reason": "audit"}}, "role:manage", 200),
    ("GET", "/access/preview", {"params": {"change": "revoke", "subject_id": ID, "role": "staff"}}, "role:manage", 200),
    ("GET", "/access/separations", {}, "role:manage|policy:manage", 200),
    ("GET", "/access/separations/pay", {}, "role:manage|policy:manage", 404),
    ("PUT", "/access/separations/pay", {"json": SEPARATION}, "policy:manage", 200),
    ("DELETE", "/access/separations/pay", {"params": {"reason": "closed"}}, "policy:manage", 404),
    ("GET", "/access/separations/pay/conflicts", {"params": {"reason": "audit"}}, "role:manage|policy:manage", 404),
    ("GET", "/access/separation-exceptions", {"params": {"reason": "audit"}}, "role:manage|policy:manage", 200),
    ("POST", "/access/separation-exceptions", {"json": EXCEPTION}, "role:manage", 404),
    ("POST", f"/access/separation-exceptions/{ID}/approve", {"json": {}}, "policy:manage", 404),
    ("POST", f"/access/separation-exceptions/{ID}/end", {"json": {"reason": "done"}}, "role:manage", 404),
    ("GET", "/permissions", {}, "role:manage", 200),
    ("GET", "/role-assignments", {"params": {"reason": "complaint 4711"}}, "role:manage", 200),
    ("GET", f"/role-assignments/{ID}", {}, "role:manage", 200),
    ("POST", "/role-assignments", {"json": {"subject_id": ID, "role": "staff"}}, "role:manage", 404),
    ("DELETE", f"/role-assignments/{ID}/staff", {}, "role:manage", 200),
    ("GET", "/policies", {}, "policy:manage", 200),
    ("POST", "/policies", {"json": {**HOURS, "name": "x", "description": "x", "owner": "x"}}, "policy:manage", 201),
    ("GET", "/policies/templates", {}, "policy:manage", 200),
    ("GET", "/policies/vocabulary", {}, "policy:manage", 200),
    ("POST", "/policies/preview", {"json": {"template": "unknown"}}, "policy:manage", 404),
    ("GET", "/policies/business-hours", {}, "policy:manage", 200),
    ("PATCH", "/policies/business-hours", {"json": {"owner": "x"}}, "policy:manage", 428),
    ("GET", "/policies/business-hours/versions", {}, "policy:manage", 200),
    ("POST", "/policies/business-hours/versions", {"json": HOURS}, "policy:manage", 201),
    ("GET", "/policies/business-hours/versions/1", {}, "policy:manage", 200),
    ("GET", "/policies/business-hours/shadow-report", {}, "policy:manage", 200),
    ("GET", "/policies/changes", {}, "policy:manage", 200),
    ("POST", "/policies/changes", {"json": {"items": [OFF], "reason": "test"}}, "policy:manage", 422),
    ("POST", "/policies/changes/preview", {"json": {"items": [OFF]}}, "policy:manage", 422),
    ("GET", f"/policies/changes/{ID}", {}, "policy:manage", 404),
    ("POST", f"/policies/changes/{ID}/approve", {"json": {}}, "policy:manage", 428),
    ("POST", f"/policies/changes/{ID}/end", {"json": {"reason": "test"}}, "policy:manage", 404),
    ("GET", "/policies/golden-decisions", {}, "policy:manage", 200),
    ("GET", "/policies/golden-decisions/guests-pay-nothing", {}, "policy:manage", 200),
    ("PUT", "/policies/golden-decisions/guests-pay-nothing", {"json": GOLDEN}, "policy:manage", 409),
    ("DELETE", "/policies/golden-decisions/unknown", {"params": {"reason": "test"}}, "policy:manage", 404),
    ("GET", "/policies/bundles", {}, "policy:manage", 200),
    ("GET", "/policies/bundles/1", {}, "policy:manage", 200),
    ("GET", "/policies/bundles/current", {}, "policy:manage", 200),
    ("GET", "/policies/approval-rules", {}, "policy:manage", 200),
    ("GET", "/policies/approval-rules/large", {}, "policy:manage", 404),
    ("PUT", "/policies/approval-rules/large", {"json": RULE}, "policy:manage", 200),
    ("DELETE", "/policies/approval-rules/large", {"params": {"reason": "the desk is closed"}}, "policy:manage", 404),
]


@pytest.mark.parametrize(("method", "path", "options", "permission", "status"), PERMISSION_OF)
async def test_each_route_requires_exactly_one_permission_or_one_of_two(
    api: Api, method: str, path: str, options: dict[str, Any], permission: str, status: int
) -> None:
    every = [each["name"] for each in (await api.call("GET", "/permissions")).json()["data"]["items"]]
    enough = permission.split("|")
    assert set(enough) <= set(every)
    held = {"guest": [enough[-1]], "staff": [each for each in every if each not in enough]}
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
