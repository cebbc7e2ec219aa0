"""Notices: what people read in the app and in their mail, after another service requested it."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from chassis.persistence.database import Database
from identity.application import Identity
from identity.application.notices.own_templates import OWN
from identity.application.notices.views import NoticeState
from kernel.actor import Actor, ActorKind
from kernel.errors import NotFound
from kernel.notices import Recipient
from services.identity.tests.contract.api import DETAILS, Api, own_id, refusal
from services.identity.tests.contract.notice_steps import REFUSED, NoticeSteps
from services.identity.tests.stored import recorded_actions, rows

TEXT = "Your planned transfer of 250.00 NAD, due on 2026-03-21, was not made. Reason: Insufficient funds."


@pytest.fixture
async def token(api: Api) -> str:
    return await api.signed_in()


@pytest.fixture
async def person(api: Api, token: str) -> Recipient:
    return Recipient.person(UUID(await own_id(api, token)))


async def test_a_requested_notice_is_listed_and_mailed(
    api: Api, token: str, person: Recipient, notice_steps: NoticeSteps
) -> None:
    await notice_steps.notify(person)
    page = (await api.get(f"/notices?template={REFUSED}", token=token)).json()["data"]
    ((notice,), cursor) = page["items"], page["next_cursor"]
    assert cursor is None
    assert (notice["template"], notice["group"], notice["title"], notice["text"], notice["link"], notice["read_at"]) == (
        REFUSED,
        "payments",
        "A planned transfer was not made",
        TEXT,
        f"/transfers/schedules/{UUID(int=7)}",
        None,
    )
    (letter,) = await notice_steps.letters()
    assert (letter.to, letter.subject) == (DETAILS["email"], "Elcorp: A planned transfer was not made")
    assert letter.text == f"{TEXT}\n\nElcorp Namibia\n"


async def test_notices_are_paged_filtered_and_marked_as_read(
    api: Api, token: str, person: Recipient, notice_steps: NoticeSteps
) -> None:
    for key in ("one", "two", "three"):
        await notice_steps.notify(person, key=key)
    listed = await notices_of(api, token)
    first = (await api.get("/notices?limit=2", token=token)).json()["data"]
    second = (await api.get(f"/notices?limit=2&cursor={first['next_cursor']}", token=token)).json()["data"]
    assert ([*first["items"], *second["items"]], second["next_cursor"]) == (listed, None)
    assert [each["id"] for each in listed] == sorted((each["id"] for each in listed), reverse=True)
    assert await state(api, token) == (listed[0]["id"], 3)

    newest, middle, _ = (each["id"] for each in listed)
    for _ in range(2):
        read = await api.post(f"/notices/{newest}/read", token=token)
        assert (read.status_code, read.json()["data"]["read_at"]) == (200, "2026-03-21T08:00:00Z")
    assert await state(api, token) == (newest, 2)
    marked = [(await api.post("/notices/read", {"until_id": middle}, token=token)).json()["data"]["read"] for _ in range(2)]
    assert (marked, await state(api, token)) == ([2, 0], (newest, 0))
    assert await notices_of(api, token, "unread=true") == []
    assert (await api.get(f"/notices/{middle}", token=token)).json()["data"]["read_at"]


async def test_other_peoples_notices_do_not_exist(api: Api, token: str, person: Recipient, notice_steps: NoticeSteps) -> None:
    await notice_steps.notify(person)
    (notice,) = await notices_of(api, token)
    other = await api.signed_in(email="selma@example.na", phone="+264811234599")
    assert (await api.get(f"/notices/{notice['id']}", token=other)).status_code == 404
    assert (await api.post(f"/notices/{notice['id']}/read", token=other)).status_code == 404
    marked = await api.post("/notices/read", {"until_id": notice["id"]}, token=other)
    assert (marked.json()["data"]["read"], await notices_of(api, other)) == (0, [])
    assert await state(api, token) == (notice["id"], 1)
    assert refusal(await api.get("/notices")) == (401, "AUTH_004")
    assert refusal(await api.get("/notices?cursor=nothing", token=token)) == (422, "VAL_001")


async def test_changes_of_an_account_are_listed_beside_their_mail_and_without_links(api: Api, token: str) -> None:
    await api.login(device_id=str(uuid4()))
    (notice,) = await notices_of(api, token, "")
    assert (notice["template"], notice["group"], notice["title"]) == ("identity.new_device", "security", "A new device signed in")
    assert "IP address: 198.51.100.7" in notice["text"]
    # The link that undoes a change of address goes to the former mailbox only.
    assert all("link" not in own.facts and "token" not in own.facts and "code" not in own.facts for own in OWN.values())


async def test_preferences_are_kept_sealed_and_security_cannot_be_switched_off(api: Api, token: str, database: Database) -> None:
    every = ["in_app", "mail"]
    usual = {
        "language": "en",
        "channels": {"security": every, "payments": every, "approvals": every, "system": every},
        "quiet_hours": None,
        "digest": {"frequency": "daily", "hour": 7, "weekday": "monday"},
    }
    assert (await api.get("/notices/preferences", token=token)).json()["data"] == usual
    wanted = {
        "language": "af",
        "channels": {"payments": ["in_app"], "approvals": []},
        "quiet_hours": {"start": "21:00", "end": "06:30"},
        "digest": {"frequency": "weekly", "hour": 9, "weekday": "friday"},
    }
    for _ in range(2):
        put = await set_preferences(api, token, wanted)
        assert (put.status_code, put.json()["data"]) == (
            200,
            {**wanted, "channels": {**usual["channels"], **wanted["channels"]}},  # type: ignore[dict-item]
        )
    assert (await api.get("/notices/preferences", token=token)).json()["data"] == put.json()["data"]
    ((stored,),) = await rows(database, "SELECT sealed FROM notice_preferences")
    assert b"21:00" not in stored
    assert (await recorded_actions(database)).count("identity.notice_preferences.change") == 1
    refused: list[dict[str, Any]] = [
        {"channels": {"security": ["in_app"]}},
        {"channels": {"gossip": []}},
        {"quiet_hours": {"start": "25:00", "end": "06:00"}},
        {"quiet_hours": {"start": "06:00", "end": "06:00"}},
        {"digest": {"frequency": "daily", "hour": 24}},
        {"language": "xx"},
    ]
    for wrong in refused:
        assert refusal(await set_preferences(api, token, wrong)) == (422, "VAL_001")


async def test_channels_and_language_are_those_that_the_person_chose(
    api: Api, token: str, person: Recipient, notice_steps: NoticeSteps
) -> None:
    await set_preferences(api, token, {"language": "af", "channels": {"payments": ["mail"]}})
    await notice_steps.notify(person, key="mailed")
    (letter,) = await notice_steps.letters()
    assert letter.subject == "Elcorp: 'n Beplande oorplasing is nie gedoen nie"
    assert await notices_of(api, token) == []
    await set_preferences(api, token, {"language": "af", "channels": {"payments": ["in_app"]}})
    await notice_steps.notify(person, key="listed")
    (notice,) = await notices_of(api, token)
    assert (notice["title"], len(await notice_steps.letters())) == ("'n Beplande oorplasing is nie gedoen nie", 1)
    await set_preferences(api, token, {"channels": {"payments": []}})
    await notice_steps.notify(person, key="unwanted")
    assert (len(await notices_of(api, token)), len(await notice_steps.letters())) == (1, 1)


async def test_followers_see_each_change_with_a_higher_version(
    api: Api, identity: Identity, token: str, person: Recipient, notice_steps: NoticeSteps
) -> None:
    user_id = UUID(await own_id(api, token))
    actor = Actor(kind=ActorKind.USER, subject_id=str(user_id))
    followed = await identity.notices.follow_notices(actor=actor)
    assert (followed.first.state, await followed.read()) == (NoticeState(None, 0), followed.first)
    versions = [followed.first.version]
    for unread in (1, 2):
        await notice_steps.notify(person, key=str(unread))
        seen = await followed.read()
        assert seen
        assert (seen.state.unread, seen.is_open, await followed.read()) == (unread, True, seen)
        versions.append(seen.version)
    assert versions == sorted(set(versions))
    followed.permit(actor, followed.first)
    with pytest.raises(NotFound):
        followed.permit(replace(actor, subject_id=str(uuid4())), followed.first)


async def test_the_stream_of_a_caller_begins_with_their_state(
    api: Api, token: str, person: Recipient, notice_steps: NoticeSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It ends after the first look.
    monkeypatch.setattr("chassis.rest.event_streams.STREAM_SECONDS", 0.5)
    await notice_steps.notify(person)
    answer = await api.get("/notices/events", token=token)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert "event: progress\n" in answer.text
    assert '"unread":1' in answer.text


async def notices_of(api: Api, token: str, query: str = "limit=100") -> list[dict[str, Any]]:
    answer = await api.get(f"/notices?{query}", token=token)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["data"]["items"]
    return items


async def state(api: Api, token: str) -> tuple[str | None, int]:
    data = (await api.get("/notices/state", token=token)).json()["data"]
    return data["latest_id"], data["unread"]


async def set_preferences(api: Api, token: str, wanted: object) -> httpx.Response:
    return await api.client.put("/api/v1/notices/preferences", json=wanted, headers={"Authorization": f"Bearer {token}"})
