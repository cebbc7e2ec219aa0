"""If-Match: a write based on an outdated read is refused."""

from typing import Any

import httpx
import pytest

from services.identity.tests.contract.api import Api
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes

DETAILS = {"full_name": "Ndapewa Meameno", "organization": None, "username": None}
WRITES = [
    ("PUT", "/users/{id}", DETAILS),
    ("PATCH", "/users/{id}", {"full_name": "Ndapewa Meameno"}),
    ("PATCH", "/users/{id}/profile", {"full_name": "Ndapewa Meameno"}),
    ("DELETE", "/users/{id}?reason=Asked%20for%20it", None),
]


@pytest.fixture
async def admin(api: Api, fakes: Fakes) -> str:
    return await signed_in_as(api, fakes, "admin")


@pytest.fixture
async def user_id(api: Api) -> str:
    return str((await api.register()).json()["data"]["id"])


async def ask(api: Api, admin: str, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
    sent = {"Authorization": f"Bearer {admin}", **headers}
    return await api.client.request(method, f"/api/v1{path}", json=body, headers=sent)


async def read(api: Api, admin: str, user_id: str) -> tuple[str, Any]:
    answer = await ask(api, admin, "GET", f"/users/{user_id}")
    return answer.headers["etag"], answer.json()["data"]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_a_stale_write_is_refused_and_changes_nothing(
    api: Api, admin: str, user_id: str, method: str, path: str, body: object
) -> None:
    read_before, _ = await read(api, admin, user_id)
    await overtake(api, admin, user_id)
    now = await read(api, admin, user_id)
    # Other fields of a user's response follow the version.
    assert [tag.partition(".")[0] for tag in (read_before, now[0])] == ['"1', '"2']
    # Outdated, from the future, and weak, which never matches.
    for tag in (read_before, 'W/"1"', '"3"', '"1", "3"', 'W/"2"', '"two"', '"-2"', '"' + "9" * 19 + '"'):
        refused = await ask(api, admin, method, path.format(id=user_id), body, **{"If-Match": tag})
        assert (refused.status_code, refused.json()["code"]) == (412, "RES_003"), tag
        assert await read(api, admin, user_id) == now


async def overtake(api: Api, admin: str, user_id: str) -> None:
    changed = await ask(api, admin, "PATCH", f"/users/{user_id}", {"organization": "Namib Mills"}, **{"If-Match": '"1"'})
    assert changed.status_code == 200


@pytest.mark.parametrize("tag", ['"2"', '"1", "2"'])
@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_a_write_on_the_current_version_is_accepted(
    api: Api, admin: str, user_id: str, method: str, path: str, body: object, tag: str
) -> None:
    await overtake(api, admin, user_id)
    written = await ask(api, admin, method, path.format(id=user_id), body, **{"If-Match": tag})
    assert written.status_code == (204 if method == "DELETE" else 200), written.text
    assert written.headers.get("etag") == (None if method == "DELETE" else '"3"')


@pytest.mark.parametrize("headers", [{}, {"If-Match": "*"}])
@pytest.mark.parametrize(("method", "path", "body"), WRITES[:3])
async def test_a_change_of_another_user_needs_an_if_match_and_of_oneself_does_not(
    api: Api, admin: str, user_id: str, method: str, path: str, body: object, headers: dict[str, str]
) -> None:
    before = await read(api, admin, user_id)
    refused = await ask(api, admin, method, path.format(id=user_id), body, **headers)
    assert (refused.status_code, refused.json()["code"]) == (428, "RES_006")
    assert await read(api, admin, user_id) == before
    own = (await api.get("/users/me", token=admin)).json()["data"]["id"]
    assert (await ask(api, admin, method, path.format(id=own), body, **headers)).status_code == 200


@pytest.mark.parametrize("tag", ["2", '"2', '"2" "3"', "two"])
@pytest.mark.parametrize(("method", "path", "body"), WRITES)
async def test_a_malformed_entity_tag_is_refused(
    api: Api, admin: str, user_id: str, method: str, path: str, body: object, tag: str
) -> None:
    refused = await ask(api, admin, method, path.format(id=user_id), body, **{"If-Match": tag})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "If-Match")
