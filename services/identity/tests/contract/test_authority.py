"""Nobody acts on a user with permissions that they lack; governance must agree before a user is disabled."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from services.identity.tests.contract.api import ARRANGING, Api, refusal
from services.identity.tests.contract.outbox import recording
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes

REASON = {"reason": "Reported as stolen"}
DETAILS = {"full_name": "Somebody Else", "organization": "Mine", "username": "mine"}

# The acts on a user, with any token; `restore` and `activate` undo an earlier act.
Act = Callable[[Api, str, str], Awaitable[httpx.Response]]


def post(path: str, body: object = REASON) -> Act:
    return lambda api, token, user_id: api.post(f"/users/{user_id}/{path}", body, token=token)


def delete() -> Act:
    return lambda api, token, user_id: api.delete(f"/users/{user_id}?reason=Asked%20for%20it", token=token)


def patch() -> Act:
    return lambda api, token, user_id: api.patch_another(user_id, {"username": "mine"}, token=token)


async def put(api: Api, token: str, user_id: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", "If-Match": await api.etag(user_id, token=token)}
    return await api.client.put(f"/api/v1/users/{user_id}", json=DETAILS, headers=headers)


async def end_session(api: Api, token: str, user_id: str) -> httpx.Response:
    live = (await api.get(f"/sessions?user_id={user_id}&live=true", token=token)).json()["data"]["items"]
    return await api.delete(f"/sessions/{live[0]['id']}", token=token)


DISABLING = [
    pytest.param(post("suspend"), id="suspend"),
    pytest.param(delete(), id="delete"),
    pytest.param(post("erasure", {"reason": "ordered"}), id="erase"),
]
ACTS = [
    *DISABLING,
    pytest.param(post("activate"), id="activate"),
    pytest.param(post("unlock"), id="unlock"),
    pytest.param(post("password-reset"), id="reset password"),
    pytest.param(patch(), id="patch"),
    pytest.param(put, id="put"),
    pytest.param(end_session, id="end session"),
]


@pytest.fixture
async def user_id(api: Api) -> str:
    """A user with a session."""
    return str(await own_id(api, await api.signed_in()))


@pytest.fixture
async def admin(api: Api, fakes: Fakes, user_id: str) -> str:  # the user comes first
    return await signed_in_as(api, fakes, "admin")


async def own_id(api: Api, token: str) -> UUID:
    return UUID((await api.get("/users/me", token=token)).json()["data"]["id"])


async def live_sessions(database: Database, user_id: str) -> int:
    query = text("SELECT count(*) FROM sessions WHERE user_id = :user AND ended_at IS NULL")
    async with database.read() as connection:
        return int((await connection.execute(query, {"user": UUID(user_id)})).scalar_one())


@pytest.mark.parametrize("act", ACTS)
async def test_acts_on_a_user_with_more_permissions_are_refused_and_so_are_all_acts_without_governance(
    api: Api, fakes: Fakes, database: Database, admin: str, user_id: str, act: Act
) -> None:
    async with recording(database) as record:
        fakes.authority.away = True
        assert refusal(await act(api, admin, user_id)) == (503, "SRV_002")
        fakes.authority.away = False
        fakes.authority.beyond = {UUID(user_id)}
        assert refusal(await act(api, admin, user_id)) == (403, "ACC_003")
    # Some acts read the other user first to name their target, which is on record.
    assert [action for action in record.actions if not action.endswith((".read", ".list"))] == []
    assert record.events == []
    assert await live_sessions(database, user_id) == 1
    fakes.authority.beyond = set()
    assert (await act(api, admin, user_id)).is_success
    assert fakes.authority.asked == [(await own_id(api, admin), UUID(user_id))]


async def test_a_deleted_user_with_more_permissions_is_restored_only_by_an_equal(
    api: Api, fakes: Fakes, admin: str, user_id: str
) -> None:
    assert (await delete()(api, admin, user_id)).is_success
    fakes.authority.beyond = {UUID(user_id)}
    assert refusal(await post("restore")(api, admin, user_id)) == (403, "ACC_003")
    assert (await api.get(f"/users/{user_id}", token=admin)).status_code == 404


@pytest.mark.parametrize("act", DISABLING)
async def test_the_last_role_manager_cannot_be_disabled(
    api: Api, fakes: Fakes, database: Database, admin: str, user_id: str, act: Act
) -> None:
    fakes.authority.last = {UUID(user_id)}
    async with recording(database) as record:
        assert refusal(await act(api, admin, user_id)) == (409, "GOV_002")
    assert (record.facts, record.events) == ([], [])
    assert await live_sessions(database, user_id) == 1
    assert (await api.get(f"/users/{user_id}", token=admin)).json()["data"]["status"] == "active"


async def test_erasing_oneself_asks_governance_too(api: Api, fakes: Fakes) -> None:
    token = await api.signed_in()
    me = await own_id(api, token)
    fakes.authority.last = {me}
    assert refusal(await api.post(f"/users/{me}/erasure", {"reason": "asked"}, token=token)) == (409, "GOV_002")
    fakes.authority.last = set()
    assert (await api.post(f"/users/{me}/erasure", {"reason": "asked"}, token=token)).status_code == 202
    assert fakes.authority.disabled == [(me, me, 1)]


@pytest.mark.parametrize("act", DISABLING)
async def test_governance_is_asked_to_disable_a_version_before_identity_disables_it(
    api: Api, fakes: Fakes, database: Database, admin: str, user_id: str, act: Act
) -> None:
    async def not_yet() -> None:
        assert (await api.get(f"/users/{user_id}", token=admin)).json()["data"]["status"] == "active"

    fakes.authority.meanwhile = not_yet
    async with recording(database) as record:
        assert (await act(api, admin, user_id)).is_success
        fakes.authority.meanwhile = None
        assert (await act(api, admin, user_id)).status_code in {200, 202, 204}
    assert fakes.authority.disabled == [(await own_id(api, admin), UUID(user_id), 1)]
    assert [each["version"] for each in record.events if each["type"] == "identity.user.status_changed"] == ["2"]


async def test_governance_is_asked_again_if_the_user_changed_meanwhile(api: Api, fakes: Fakes, admin: str, user_id: str) -> None:
    changes = iter(["first", "second"])

    async def rename() -> None:
        if organization := next(changes, None):
            fakes.authority.meanwhile = None
            assert (await api.patch_another(user_id, {"organization": organization}, token=admin)).status_code == 200
            fakes.authority.meanwhile = rename

    fakes.authority.meanwhile = rename
    assert (await post("suspend")(api, admin, user_id)).status_code == 200
    assert [version for _, _, version in fakes.authority.disabled] == [1, 2, 3]
    seen = (await api.get(f"/users/{user_id}", token=admin)).json()["data"]
    assert (seen["status"], seen["organization"]) == ("suspended", "second")


@pytest.mark.parametrize("act", DISABLING)
async def test_a_user_that_keeps_changing_is_not_disabled(
    api: Api, fakes: Fakes, database: Database, admin: str, user_id: str, act: Act
) -> None:
    async def change() -> None:
        async with database.session() as session:
            await session.execute(text("UPDATE users SET version = version + 1 WHERE id = :id"), {"id": UUID(user_id)})
            await session.commit()

    fakes.authority.meanwhile = change
    # The concurrent changes are not side effects of the refused request.
    arranging = ARRANGING.set(True)
    answer = await act(api, admin, user_id)
    ARRANGING.reset(arranging)
    assert refusal(answer) == (503, "SRV_002")
    assert len(fakes.authority.disabled) == 3
    assert await live_sessions(database, user_id) == 1


async def test_a_stale_write_does_not_ask_governance(api: Api, fakes: Fakes, admin: str, user_id: str) -> None:
    headers = {"Authorization": f"Bearer {admin}", "If-Match": '"7"'}
    stale = await api.client.delete(f"/api/v1/users/{user_id}?reason=Asked%20for%20it", headers=headers)
    assert refusal(stale) == (412, "RES_003")
    assert (fakes.authority.asked, fakes.authority.disabled) == ([], [])


async def test_acts_on_the_own_account_do_not_ask_governance(api: Api, fakes: Fakes) -> None:
    fakes.authority.away = True
    token = await api.signed_in()
    me = await own_id(api, token)
    assert (await api.patch(f"/users/{me}/profile", {"organization": "Mine"}, token=token)).status_code == 200
    (session,) = (await api.get("/sessions?live=true", token=token)).json()["data"]["items"]
    assert (await api.delete(f"/sessions/{session['id']}", token=token)).status_code == 204
