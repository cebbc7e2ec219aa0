"""Without the permission, other users do not exist: they are neither shown nor changed."""

from typing import Any

import pytest

from services.identity.tests.contract.api import Api
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes

DETAILS = {"full_name": "Not Mine", "organization": "Mine", "username": "mine"}
REASON = {"reason": "Because I can"}
PASSWORDS = {"current_password": "Oshana-Sunrise-47!", "new_password": "Kavango-Morning-63?*"}
# The statuses for a user, who has no permission; a clerk, who may act on users but read none; and staff, who may only
# read others. None if the act is permitted.
ROLES = ("user", "clerk", "staff")
ASKS = [
    ("GET", "", None, 404, 404, None),
    ("PUT", "", DETAILS, 403, 403, 403),
    ("PATCH", "", {"username": "mine"}, 403, 403, 403),
    ("DELETE", "?reason=Because%20I%20can", None, 403, None, 403),
    ("GET", "/profile", None, 404, 404, None),
    ("PATCH", "/profile", {"full_name": "Not Mine"}, 404, 404, 404),
    ("PATCH", "/password", PASSWORDS, 404, 404, 404),
    ("POST", "/suspend", REASON, 403, None, 403),
    ("POST", "/activate", REASON, 403, None, 403),
    ("POST", "/restore", REASON, 403, None, 403),
    ("POST", "/unlock", REASON, 403, 403, 403),
    ("POST", "/password-reset", REASON, 403, None, 403),
    ("POST", "/data-export", None, 404, 404, 404),
    ("POST", "/erasure", {}, 404, 404, 404),
]
CASES = [
    (role, method, path, body, status)
    for method, path, body, *statuses in ASKS
    for role, status in zip(ROLES, statuses, strict=True)
    if status
]


@pytest.mark.parametrize(("role", "method", "path", "body", "status"), CASES)
async def test_another_user_is_neither_shown_nor_changed_without_the_permission(
    api: Api, fakes: Fakes, role: str, method: str, path: str, body: object, status: int
) -> None:
    admin = await signed_in_as(api, fakes, "admin")
    user_id = (await api.get("/users/me", token=admin)).json()["data"]["id"]
    token = await signed_in_as(api, fakes, role)

    async def seen() -> tuple[str, Any]:
        answer = await api.get(f"/users/{user_id}", token=admin)
        return answer.headers["etag"], answer.json()["data"]

    before = await seen()
    headers = {"Authorization": f"Bearer {token}"}
    refused = await api.client.request(method, f"/api/v1/users/{user_id}{path}", json=body, headers=headers)
    assert refused.status_code == status, refused.text
    assert "admin@example.na" not in refused.text
    assert await seen() == before


@pytest.mark.parametrize("role", ["admin", "clerk"])
@pytest.mark.parametrize("verb", ["suspend", "activate", "delete", "restore"])
async def test_nobody_changes_their_own_status(api: Api, fakes: Fakes, role: str, verb: str) -> None:
    token = await signed_in_as(api, fakes, role)
    user_id = (await api.get("/users/me", token=token)).json()["data"]["id"]
    path = f"/users/{user_id}"
    if verb == "delete":
        refused = await api.delete(f"{path}?reason=Oh%20no", token=token)
    else:
        refused = await api.post(f"{path}/{verb}", REASON, token=token)
    assert (refused.status_code, refused.json()["code"]) == (403, "ACC_001")
    assert (await api.get("/users/me", token=token)).json()["data"]["status"] == "active"


@pytest.mark.parametrize(
    ("verb", "status", "answer"), [("restore", "suspended", 200), ("suspend", "deleted", 404), ("activate", "deleted", 404)]
)
async def test_each_verb_applies_only_to_the_statuses_it_is_for(
    api: Api, fakes: Fakes, verb: str, status: str, answer: int
) -> None:
    admin = await signed_in_as(api, fakes, "admin")
    user_id = (await api.register()).json()["data"]["id"]
    path = f"/users/{user_id}"
    if status == "deleted":
        await api.delete(f"{path}?reason=Asked%20for%20it", token=admin)
    else:
        await api.post(f"{path}/suspend", REASON, token=admin)
    assert (await api.post(f"{path}/{verb}", REASON, token=admin)).status_code == answer
    listed = (await api.get(f"/users?reason=complaint+4711&status={status}", token=admin)).json()["data"]["items"]
    assert [each["id"] for each in listed] == [user_id]
