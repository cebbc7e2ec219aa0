"""What staff leave on record by reading about others, whole; and what people read of themselves leaves nothing."""

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


class Desk:
    """A person, and somebody who reads about her."""

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
        """Write out the fact of a read by staff."""
        by = user(await self.verifier.verify(self.staff))
        resource = ("read", f"read/{about}" if about else "read")
        return fact(action, resource, by=by, at=self.clock.now(), related=related, **rest)


@pytest.fixture
async def desk(api: Api, database: Database, fakes: Fakes, verifier: TokenVerifier, clock: ControlledClock) -> Desk:
    desk = Desk(api, database, verifier, clock, await signed_in_as(api, fakes, "admin"))
    desk.person = await api.signed_in()
    session = (await api.get("/sessions", token=desk.person)).json()["data"]["items"][0]
    desk.user_id, desk.session_id = session["user_id"], session["id"]
    return desk


async def test_each_read_of_another_is_one_fact(desk: Desk) -> None:
    whose = desk.user_id
    for path in (f"/users/{whose}", f"/users/{whose}/profile"):
        assert await desk.facts_of(path) == [await desk.read("identity.user.read", whose, whose)]
    about = desk.session_id
    assert await desk.facts_of(f"/sessions/{about}") == [await desk.read("identity.session.read", about, about, whose)]
    for path, action in (("/sessions", "identity.session.list"), ("/devices", "identity.device.list")):
        listed = await desk.read(action, whose, whose, after={"shown": 1})
        assert await desk.facts_of(f"{path}?user_id={whose}") == [listed]


async def test_a_search_is_one_fact_that_says_why_and_never_for_what(desk: Desk) -> None:
    email, phone = DETAILS["email"], str(DETAILS["phone"]).replace("+", "%2B")
    found = {"filters": {"status": "active", "verified": True, "by": ["email", "phone"]}, "shown": 1}
    facts = await desk.facts_of(f"/users?{WHY}&email={email}&phone={phone}&status=active&verified=true")
    assert facts == [await desk.read("identity.user.search", "", desk.user_id, after=found, reason="complaint 4711")]
    [everybody] = await desk.facts_of(f"/users?{WHY}")
    assert (everybody["after"], desk.user_id in str(everybody["related_ids"])) == ({"shown": 2}, True)
    [nobody] = await desk.facts_of(f"/users?{WHY}&username=nobody")
    assert (nobody["after"], "related_ids" in nobody) == ({"filters": {"by": ["username"]}, "shown": 0}, False)


@pytest.mark.parametrize("query", ["", "?email=ndapewa@example.na", "?reason=", "?reason=ab", "?reason=%20%20%20%20"])
async def test_a_search_without_a_reason_is_refused(desk: Desk, query: str) -> None:
    assert await desk.facts_of(f"/users{query}", status=422) == []


async def test_an_export_of_another_s_data_takes_a_reason(desk: Desk) -> None:
    path = f"/users/{desk.user_id}/data-export"
    async with recording(desk.database) as refused:
        answer = await desk.api.post(path, token=desk.staff)
    assert (answer.status_code, answer.json()["errors"][0]["field"], refused.facts) == (422, "reason", [])
    async with recording(desk.database) as record:
        assert (await desk.api.post(f"{path}?{WHY}", token=desk.staff)).status_code == 200
    assert record.facts == [await desk.read("identity.user.export", desk.user_id, desk.user_id, reason="complaint 4711")]


async def test_requests_for_recovery_are_on_record_as_listed(api: Api, desk: Desk, clock: ControlledClock) -> None:
    assert await desk.facts_of("/auth/recovery?status=pending") == []
    for query in ("", "?status=approved", "?status=pending&reason=ab"):
        assert await desk.facts_of(f"/auth/recovery{query}", status=422) == []
    [nobody] = await desk.facts_of(f"/auth/recovery?{WHY}")
    assert (nobody["after"], nobody["reason"]) == ({"shown": 0}, "complaint 4711")
    await second_factor(api, desk.person, clock)
    challenge = (await api.login()).json()["data"]["challenge"]
    assert (await api.post("/auth/recovery", {"challenge": challenge, "reason": "lost"})).status_code == 202
    listed = await desk.read("identity.recovery.list", "", desk.user_id, after={"filters": {"status": "pending"}, "shown": 1})
    assert await desk.facts_of("/auth/recovery?status=pending") == [listed]
    everybody = await desk.read("identity.recovery.list", "", desk.user_id, after={"shown": 1}, reason="complaint 4711")
    assert await desk.facts_of(f"/auth/recovery?{WHY}") == [everybody]


async def test_who_changes_another_and_sees_the_profile_is_on_record_also_when_nothing_changed(desk: Desk) -> None:
    async with recording(desk.database) as record:
        answer = await desk.api.post(f"/users/{desk.user_id}/activate", {"reason": "Nothing to do"}, token=desk.staff)
    assert (answer.status_code, answer.json()["data"]["email"]) == (200, DETAILS["email"])
    assert record.facts == [await desk.read("identity.user.read", desk.user_id, desk.user_id)]


async def test_an_erasure_of_another_that_is_asked_for_again_is_on_record_as_a_read(desk: Desk) -> None:
    path = f"/users/{desk.user_id}/erasure"
    first = (await desk.api.post(path, {}, token=desk.staff)).json()["data"]["id"]
    async with recording(desk.database) as record:
        assert (await desk.api.post(path, {}, token=desk.staff)).json()["data"]["id"] == first
    assert record.facts == [await desk.read("identity.erasure.read", first, first, desk.user_id)]


async def test_what_one_reads_of_oneself_leaves_nothing(desk: Desk) -> None:
    whose, own = desk.user_id, desk.person
    paths = ["/users/me", f"/users/{whose}", f"/users/{whose}/profile", "/sessions", f"/sessions?user_id={whose}"]
    for path in (*paths, f"/sessions/{desk.session_id}", "/devices", f"/devices?user_id={whose}"):
        assert await desk.facts_of(path, token=own) == [], path


async def test_what_cannot_be_recorded_is_not_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def unwritable(_messages: object) -> object:
        raise Unavailable(dependency="outbox")

    monkeypatch.setattr(outbox, "insert", unwritable)
    whose = desk.user_id
    paths = [f"/users/{whose}", f"/users/{whose}/profile", f"/users?{WHY}", f"/sessions?user_id={whose}"]
    for path in (*paths, f"/sessions/{desk.session_id}", f"/devices?user_id={whose}", f"/auth/recovery?{WHY}"):
        answer = await desk.api.get(path, token=desk.staff)
        assert (answer.status_code, "@example.na" in answer.text) == (503, False), path
    assert (await desk.api.get("/users/me", token=desk.person)).status_code == 200
