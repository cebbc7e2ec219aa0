"""The audit facts of staff's reads of other people's data, with every field; users' reads of their own data leave none."""

from typing import Any, Final

import pytest

from chassis.auth import TokenVerifier
from chassis.persistence import outbox
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from kernel.errors import Unavailable
from services.identity.tests.contract.api import DETAILS, Api
from services.identity.tests.contract.authenticator_app import second_factor
from services.identity.tests.contract.outbox import Whole, fact, recording, user
from services.identity.tests.contract.people import signed_in_as
from services.identity.tests.fakes import Fakes

WHY: Final = "reason=complaint+4711"


class Reader:
    """A member of staff, and a user whose data they read."""

    def __init__(self, api: Api, database: Database, verifier: TokenVerifier, clock: ControlledClock, staff: str) -> None:
        self.api, self.database, self.verifier, self.clock, self.staff = api, database, verifier, clock, staff
        self.person = self.user_id = self.session_id = ""

    async def facts_of(self, path: str, *, token: str | None = None, status: int = 200) -> list[Whole]:
        async with recording(self.database) as record:
            answer = await self.api.get(path, token=token or self.staff)
        assert answer.status_code == status, answer.text
        assert record.events == []
        return record.facts

    async def read(self, action: str, about: str, *related: str, **rest: Any) -> Whole:
        """Make the fact of a read by staff."""
        by = user(await self.verifier.verify(self.staff))
        resource = ("read", f"read/{about}" if about else "read")
        return fact(action, resource, by=by, at=self.clock.now(), related=related, **rest)


@pytest.fixture
async def reader(api: Api, database: Database, fakes: Fakes, verifier: TokenVerifier, clock: ControlledClock) -> Reader:
    reader = Reader(api, database, verifier, clock, await signed_in_as(api, fakes, "admin"))
    reader.person = await api.signed_in()
    session = (await api.get("/sessions", token=reader.person)).json()["data"]["items"][0]
    reader.user_id, reader.session_id = session["user_id"], session["id"]
    return reader


async def test_each_read_of_another_user_is_one_fact(reader: Reader) -> None:
    whose = reader.user_id
    for path in (f"/users/{whose}", f"/users/{whose}/profile"):
        assert await reader.facts_of(path) == [await reader.read("identity.user.read", whose, whose)]
    about = reader.session_id
    assert await reader.facts_of(f"/sessions/{about}") == [await reader.read("identity.session.read", about, about, whose)]
    for path, action in (("/sessions", "identity.session.list"), ("/devices", "identity.device.list")):
        listed = await reader.read(action, whose, whose, after={"shown": 1})
        assert await reader.facts_of(f"{path}?user_id={whose}") == [listed]


async def test_a_search_is_one_fact_with_its_reason_and_without_its_terms(reader: Reader) -> None:
    email, phone = DETAILS["email"], str(DETAILS["phone"]).replace("+", "%2B")
    found = {"filters": {"status": "active", "verified": True, "by": ["email", "phone"]}, "shown": 1}
    facts = await reader.facts_of(f"/users?{WHY}&email={email}&phone={phone}&status=active&verified=true")
    assert facts == [await reader.read("identity.user.search", "", reader.user_id, after=found, reason="complaint 4711")]
    [everybody] = await reader.facts_of(f"/users?{WHY}")
    assert (everybody["after"], reader.user_id in str(everybody["related_ids"])) == ({"shown": 2}, True)
    [nobody] = await reader.facts_of(f"/users?{WHY}&username=nobody")
    assert (nobody["after"], "related_ids" in nobody) == ({"filters": {"by": ["username"]}, "shown": 0}, False)


@pytest.mark.parametrize("query", ["", "?email=ndapewa@example.na", "?reason=", "?reason=ab", "?reason=%20%20%20%20"])
async def test_a_search_without_a_reason_is_refused(reader: Reader, query: str) -> None:
    assert await reader.facts_of(f"/users{query}", status=422) == []


async def test_an_export_of_another_users_data_needs_a_reason(reader: Reader) -> None:
    path = f"/users/{reader.user_id}/data-export"
    async with recording(reader.database) as refused:
        answer = await reader.api.post(path, token=reader.staff)
    assert (answer.status_code, answer.json()["errors"][0]["field"], refused.facts) == (422, "reason", [])
    async with recording(reader.database) as record:
        assert (await reader.api.post(f"{path}?{WHY}", token=reader.staff)).status_code == 200
    assert record.facts == [await reader.read("identity.user.export", reader.user_id, reader.user_id, reason="complaint 4711")]


async def test_recovery_requests_that_are_listed_are_on_record(api: Api, reader: Reader, clock: ControlledClock) -> None:
    assert await reader.facts_of("/auth/recovery?status=pending") == []
    for query in ("", "?status=approved", "?status=pending&reason=ab"):
        assert await reader.facts_of(f"/auth/recovery{query}", status=422) == []
    [nobody] = await reader.facts_of(f"/auth/recovery?{WHY}")
    assert (nobody["after"], nobody["reason"]) == ({"shown": 0}, "complaint 4711")
    await second_factor(api, reader.person, clock)
    challenge = (await api.login()).json()["data"]["challenge"]
    assert (await api.post("/auth/recovery", {"challenge": challenge, "reason": "lost"})).status_code == 202
    listed = await reader.read("identity.recovery.list", "", reader.user_id, after={"filters": {"status": "pending"}, "shown": 1})
    assert await reader.facts_of("/auth/recovery?status=pending") == [listed]
    everybody = await reader.read("identity.recovery.list", "", reader.user_id, after={"shown": 1}, reason="complaint 4711")
    assert await reader.facts_of(f"/auth/recovery?{WHY}") == [everybody]


async def test_a_change_that_returns_another_users_profile_is_on_record_as_a_read_even_without_effect(reader: Reader) -> None:
    async with recording(reader.database) as record:
        answer = await reader.api.post(f"/users/{reader.user_id}/activate", {"reason": "Nothing to do"}, token=reader.staff)
    assert (answer.status_code, answer.json()["data"]["email"]) == (200, DETAILS["email"])
    assert record.facts == [await reader.read("identity.user.read", reader.user_id, reader.user_id)]


async def test_a_repeated_erasure_request_for_another_user_is_on_record_as_a_read(reader: Reader) -> None:
    path = f"/users/{reader.user_id}/erasure"
    first = (await reader.api.post(path, {}, token=reader.staff)).json()["data"]["id"]
    async with recording(reader.database) as record:
        assert (await reader.api.post(path, {}, token=reader.staff)).json()["data"]["id"] == first
    assert record.facts == [await reader.read("identity.erasure.read", first, first, reader.user_id)]


async def test_reading_the_own_data_leaves_no_fact(reader: Reader) -> None:
    whose, own = reader.user_id, reader.person
    paths = ["/users/me", f"/users/{whose}", f"/users/{whose}/profile", "/sessions", f"/sessions?user_id={whose}"]
    for path in (*paths, f"/sessions/{reader.session_id}", "/devices", f"/devices?user_id={whose}"):
        assert await reader.facts_of(path, token=own) == [], path


async def test_a_read_that_cannot_be_recorded_is_refused(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    def unwritable(_messages: object) -> object:
        raise Unavailable(dependency="outbox")

    monkeypatch.setattr(outbox, "insert", unwritable)
    whose = reader.user_id
    paths = [f"/users/{whose}", f"/users/{whose}/profile", f"/users?{WHY}", f"/sessions?user_id={whose}"]
    for path in (*paths, f"/sessions/{reader.session_id}", f"/devices?user_id={whose}", f"/auth/recovery?{WHY}"):
        answer = await reader.api.get(path, token=reader.staff)
        assert (answer.status_code, "@example.na" in answer.text) == (503, False), path
    assert (await reader.api.get("/users/me", token=reader.person)).status_code == 200
