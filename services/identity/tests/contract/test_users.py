"""Users, as they and staff manage them."""

from uuid import uuid4

import httpx
import pytest

from chassis.persistence.database import Database
from services.identity.tests.contract.api import PASSWORD, Api, refusal
from services.identity.tests.contract.mailbox import sent
from services.identity.tests.contract.people import JOHANNES, sign_in_johannes
from services.identity.tests.fakes import Fakes

CLOSE = "/users/{}?reason=Asked%20for%20it"


@pytest.fixture
async def user_id(api: Api) -> str:
    """Johannes, who has registered."""
    return str((await api.register(**JOHANNES)).json()["data"]["id"])


@pytest.fixture
async def admin(api: Api, fakes: Fakes, user_id: str) -> str:
    """An administrator's access token."""
    fakes.roles.roles = ("admin",)
    token = await api.signed_in()
    fakes.roles.roles = ("user",)
    return token


async def test_suspending_ends_every_session_and_activating_allows_sign_in_again(
    api: Api, database: Database, admin: str, user_id: str
) -> None:
    pair = (await api.login(email=JOHANNES["email"])).json()["data"]
    for _ in range(2):
        answer = await api.post(f"/users/{user_id}/suspend", {"reason": "Reported as stolen"}, token=admin)
        assert (answer.status_code, answer.json()["data"]["status"]) == (200, "suspended")
    assert refusal(await api.refresh(pair["refresh_token"])) == (401, "AUTH_003")
    assert refusal(await api.login(email=JOHANNES["email"])) == (401, "AUTH_001")
    await api.post(f"/users/{user_id}/activate", {"reason": "Found again"}, token=admin)
    assert (await api.login(email=JOHANNES["email"])).status_code == 200
    assert (await sent(database))[-2:] == ["account_suspended", "account_activated"]


async def test_deleting_is_soft_and_can_be_undone(api: Api, admin: str, user_id: str) -> None:
    path = f"/users/{user_id}?reason=Asked%20for%20it"
    assert (await api.delete(path, token=admin)).status_code == 204
    assert (await api.get(f"/users/{user_id}", token=admin)).status_code == 404
    assert refusal(await api.login(email=JOHANNES["email"])) == (401, "AUTH_001")
    listed = (await api.get("/users?reason=complaint+4711&status=deleted", token=admin)).json()["data"]["items"]
    assert [each["id"] for each in listed] == [user_id]
    assert (await api.post(f"/users/{user_id}/suspend", {"reason": "Too late"}, token=admin)).status_code == 404
    restored = await api.post(f"/users/{user_id}/restore", {"reason": "A mistake"}, token=admin)
    assert restored.json()["data"]["status"] == "active"
    assert (await api.login(email=JOHANNES["email"])).status_code == 200


async def test_a_user_suspended_before_their_deletion_is_restored_as_suspended(api: Api, admin: str, user_id: str) -> None:
    await api.post(f"/users/{user_id}/suspend", {"reason": "Reported as stolen"}, token=admin)
    assert (await api.delete(CLOSE.format(user_id), token=admin)).status_code == 204
    restored = await api.post(f"/users/{user_id}/restore", {"reason": "A mistake"}, token=admin)
    assert (restored.status_code, restored.json()["data"]["status"]) == (200, "suspended")
    assert refusal(await api.login(email=JOHANNES["email"])) == (401, "AUTH_001")
    await api.post(f"/users/{user_id}/activate", {"reason": "Found again"}, token=admin)
    # The earlier status is stored for one deletion only.
    assert (await api.delete(CLOSE.format(user_id), token=admin)).status_code == 204
    again = await api.post(f"/users/{user_id}/restore", {"reason": "A mistake"}, token=admin)
    assert again.json()["data"]["status"] == "active"


async def test_nobody_suspends_or_deletes_themselves(api: Api, admin: str) -> None:
    me = (await api.get("/users/me", token=admin)).json()["data"]["id"]
    assert refusal(await api.post(f"/users/{me}/suspend", {"reason": "Oh no"}, token=admin)) == (403, "ACC_001")
    assert refusal(await api.delete(f"/users/{me}?reason=Oh%20no", token=admin)) == (403, "ACC_001")


async def test_staff_create_users_but_never_choose_passwords(api: Api, database: Database, admin: str) -> None:
    details = {"full_name": "Selma Nangolo", "email": "selma@example.na"}
    made = await api.post("/users", details, token=admin)
    assert made.status_code == 201
    assert refusal(await api.post("/users", details, token=admin)) == (409, "RES_002")
    assert refusal(await api.post("/users", {**details, "password": PASSWORD}, token=admin)) == (422, "VAL_001")
    assert (await sent(database))[-1] == "account_created"


async def test_users_change_their_profile_and_stale_writes_are_refused(api: Api, user_id: str) -> None:
    token = await sign_in_johannes(api)
    path = f"/users/{user_id}/profile"
    etag = (await api.get(path, token=token)).headers["etag"]
    headers = {"Authorization": f"Bearer {token}", "If-Match": etag}
    changed = await api.client.patch(f"/api/v1{path}", json={"organization": "Namib Mills"}, headers=headers)
    assert (changed.status_code, changed.json()["data"]["organization"]) == (200, "Namib Mills")
    assert changed.headers["etag"] != etag
    stale = await api.client.patch(f"/api/v1{path}", json={"full_name": "Somebody Else"}, headers=headers)
    assert refusal(stale) == (412, "RES_003")
    assert refusal(await api.patch(path, {"status": "active"}, token=token)) == (422, "VAL_001")


async def test_users_reach_only_themselves(api: Api, admin: str, user_id: str) -> None:
    token = await sign_in_johannes(api)
    other = (await api.get("/users/me", token=admin)).json()["data"]["id"]
    for path, body in (("profile", {"full_name": "Not Mine"}), ("password", {"current_password": "x", "new_password": "y"})):
        assert (await api.patch(f"/users/{other}/{path}", body, token=token)).status_code == 404
    assert refusal(await api.patch(f"/users/{user_id}", {"username": "x.y"}, token=token)) == (403, "ACC_001")
    assert (await api.get(f"/users/{other}/profile", token=token)).status_code == 404


async def test_an_administrator_replaces_details_and_usernames_stay_unique(api: Api, admin: str, user_id: str) -> None:
    headers = {"Authorization": f"Bearer {admin}", "If-Match": await api.etag(user_id, token=admin)}
    body = {"full_name": "Johannes A. Amupolo", "organization": None, "username": "joh"}
    replaced = await api.client.put(f"/api/v1/users/{user_id}", json=body, headers=headers)
    assert (replaced.status_code, replaced.json()["data"]["username"]) == (200, "joh")
    missing = await api.client.put(f"/api/v1/users/{user_id}", json={"full_name": "Johannes"}, headers=headers)
    assert missing.status_code == 422
    me = (await api.get("/users/me", token=admin)).json()["data"]["id"]
    assert refusal(await api.patch(f"/users/{me}", {"username": "JOH"}, token=admin)) == (409, "RES_002")


@pytest.mark.parametrize(
    ("verb", "body", "status"),
    [("suspend", {"reason": "Reported"}, 200), ("erasure", {"reason": "ordered"}, 404), ("", {}, 404)],
    ids=["suspended", "restricted", "deleted"],
)
async def test_a_suspended_users_details_can_be_corrected_and_a_deleted_users_cannot(
    api: Api, admin: str, user_id: str, verb: str, body: dict[str, str], status: int
) -> None:
    closed = api.post(f"/users/{user_id}/{verb}", body, token=admin) if verb else api.delete(CLOSE.format(user_id), token=admin)
    assert (await closed).is_success
    headers, put = {"Authorization": f"Bearer {admin}"}, {"full_name": "J. Amupolo", "organization": None, "username": "joh"}

    async def replace() -> httpx.Response:
        tag = {"If-Match": await api.etag(user_id, token=admin)}
        return await api.client.put(f"/api/v1/users/{user_id}", json=put, headers=headers | tag)

    answers = [
        await api.patch_another(user_id, {"full_name": "Johannes A. Amupolo"}, token=admin),
        await api.patch_another(f"{user_id}/profile", {"organization": "Namib Mills"}, token=admin),
        await api.client.put(
            f"/api/v1/users/{user_id}", json=put, headers={**headers, "If-Match": await api.etag(user_id, token=admin)}
        ),
    ]
    assert [answer.status_code for answer in answers] == [status] * 3


async def test_the_list_filters_by_complete_values(api: Api, admin: str, user_id: str) -> None:
    for query in ("email=JOHANNES@example.na", "phone=%2B264811234568", "username=Johannes"):
        found = (await api.get(f"/users?reason=complaint+4711&{query}", token=admin)).json()["data"]
        assert ([each["id"] for each in found["items"]], found["total"]) == ([user_id], 1)
    assert (await api.get("/users?reason=complaint+4711&email=nobody@example.na", token=admin)).json()["data"]["items"] == []
    query = "reason=complaint+4711&verified=true&status=active&sort=registered_at"
    both = (await api.get(f"/users?{query}", token=admin)).json()["data"]["items"]
    assert both[0]["id"] == user_id
    for query in (
        "sort=password_hash",
        "status=gone",
        "email=x'--@",
        "phone=12345678",
        "verified=maybe",
        "registered_from=x",
        "registered_to=1767225600",
    ):
        assert (await api.get(f"/users?reason=complaint+4711&{query}", token=admin)).status_code == 422


async def test_me_is_the_caller_with_roles(api: Api) -> None:
    token = await api.signed_in(organization="Kunene  Traders", username="ndapewa")
    me = (await api.get("/users/me", token=token)).json()["data"]
    assert (me["full_name"], me["email"], me["phone"]) == ("Ndapewa Shikongo", "ndapewa@example.na", "+264811234567")
    assert (me["organization"], me["username"], me["roles"], me["status"]) == ("Kunene Traders", "ndapewa", ["user"], "active")
    assert me["last_sign_in_at"] == "2026-03-21T08:00:00Z"
    assert "password" not in str(me)
    itself = await api.get(f"/users/{me['id']}", token=token)
    assert itself.json()["data"]["email"] == "ndapewa@example.na"


async def test_only_staff_list_users_and_read_others(api: Api, fakes: Fakes) -> None:
    user = await api.signed_in()
    fakes.roles.roles = ("staff",)
    staff = await api.signed_in(email="staff@example.na", phone="+264811234568")
    listed = await api.get("/users?reason=complaint+4711&per_page=1", token=staff)
    page = listed.json()["data"]
    assert (page["total"], len(page["items"]), listed.headers["Link"].count("rel=")) == (2, 1, 3)
    other = page["items"][0]["id"]
    assert refusal(await api.get("/users", token=user)) == (403, "ACC_001")
    assert refusal(await api.get(f"/users/{other}", token=user)) == (404, "RES_001")
    assert refusal(await api.get(f"/users/{uuid4()}", token=staff)) == (404, "RES_001")
    assert refusal(await api.get("/users")) == (401, "AUTH_004")


async def test_a_guest_without_permission_reads_only_themselves(api: Api, fakes: Fakes) -> None:
    fakes.roles.roles = ("guest",)
    token = await api.signed_in()
    assert (await api.get("/users/me", token=token)).status_code == 200
    assert refusal(await api.get("/users", token=token)) == (403, "ACC_001")
