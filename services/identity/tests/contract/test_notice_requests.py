"""Requested notices under failure: twice, at once, too many, killed in the middle, and with rights that changed later."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis.messaging.failure import Failure, Fault
from chassis.messaging.reports import Outcome
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from elcorp.platform.v1 import events_pb2
from identity.infrastructure.notice_recipients import KnownRecipients
from kernel.errors import Unavailable
from kernel.ids import new_id
from kernel.notices import Recipient, Urgency
from services.identity.tests.contract.api import Api, own_id
from services.identity.tests.contract.erasures import ErasureSteps
from services.identity.tests.contract.notice_steps import FACTS, REFUSED, NoticeSteps, requested
from services.identity.tests.stored import recorded_actions, rows

OFFICERS = Recipient.holders_of_permission("payment:approve")


class Killed(BaseException):
    """The process was killed."""


async def people(api: Api, number: int) -> Sequence[UUID]:
    """Register people and return their ids."""
    registered = [await api.register(email=f"p{each}@example.na", phone=f"+26481123{each:04d}") for each in range(number)]
    return [UUID(answer.json()["data"]["id"]) for answer in registered]


async def person(api: Api) -> tuple[Recipient, str]:
    token = await api.signed_in()
    return Recipient.person(UUID(await own_id(api, token))), token


async def informed(database: Database) -> list[UUID]:
    return [row.user_id for row in await rows(database, f"SELECT user_id FROM notices WHERE template = '{REFUSED}'")]


async def change(database: Database, statement: str) -> None:
    async with database.session() as session:
        await session.execute(text(statement))
        await session.commit()


def fault(result: Outcome | Failure) -> tuple[str, Fault]:
    assert isinstance(result, Failure)
    return type(result.error).__name__, result.fault


async def test_a_request_received_twice_and_at_once_informs_once(
    api: Api, notice_steps: NoticeSteps, database: Database, clock: ControlledClock
) -> None:
    recipient, _ = await person(api)
    message, message_id = requested(recipient, at=clock.now()), new_id()
    results = await asyncio.gather(
        *(notice_steps.receive(message, message_id=message_id) for _ in range(3)),
        *(notice_steps.receive(message) for _ in range(3)),
    )
    assert {Outcome.HANDLED, Outcome.DUPLICATE} == set(results)
    (request_id,) = await notice_steps.queued()
    job = notice_steps.inform_people()
    await asyncio.gather(*(job(request_id=request_id) for _ in range(4)))
    assert (len(await informed(database)), len(await notice_steps.letters())) == (1, 1)
    # Another producer's key is another one.
    assert await notice_steps.receive(message, producer="governance") is Outcome.HANDLED
    assert len(await notice_steps.queued()) == 2
    ((facts,),) = await rows(database, "SELECT facts FROM notice_requests WHERE completed_at IS NOT NULL")
    assert facts is None


async def test_requests_that_cannot_be_carried_out_are_parked_with_their_reason(
    api: Api, notice_steps: NoticeSteps, database: Database, clock: ControlledClock
) -> None:
    recipient, _ = await person(api)

    async def refused(**of: object) -> tuple[str, Fault]:
        message = requested(**({"recipient": recipient, "at": clock.now()} | of))  # type: ignore[arg-type]
        return fault(await notice_steps.receive(message))

    few = {name: value for name, value in FACTS.items() if name != "amount"}
    assert await refused(template="payments.nothing") == ("UnknownTemplate", Fault.PERMANENT)
    assert await refused(template="governance.invitation") == ("UnknownTemplate", Fault.PERMANENT)
    assert await refused(facts=few) == ("WrongFacts", Fault.PERMANENT)
    assert await refused(facts={**FACTS, "more": "1"}) == ("WrongFacts", Fault.PERMANENT)
    assert await refused(recipient=Recipient.team(new_id())) == ("UnknownRecipients", Fault.PERMANENT)
    assert fault(await notice_steps.receive(events_pb2.NoticeRequested(template=REFUSED, key="k"))) == (
        "NoRecipient",
        Fault.PERMANENT,
    )
    nameless = requested(recipient, at=clock.now())
    nameless.key = ""
    assert fault(await notice_steps.receive(nameless)) == ("InvalidNoticeKey", Fault.PERMANENT)
    assert await rows(database, "SELECT * FROM notice_requests") == []

    assert await notice_steps.receive(requested(recipient, at=clock.now())) is Outcome.HANDLED
    assert await refused(facts={**FACTS, "amount": "9.00 NAD"}) == ("NoticeKeyReused", Fault.PERMANENT)
    result = await notice_steps.receive(requested(recipient, at=clock.now(), template="payments.nothing"))
    assert isinstance(result, Failure)
    assert result.reason == "There is no such template of notices. (template=payments.nothing)"


async def test_a_team_is_refused_until_governance_has_teams() -> None:
    known = KnownRecipients()
    for recipient in (
        Recipient.person(new_id()),
        OFFICERS,
        Recipient.holders_of_role("staff"),
        Recipient.organization(new_id()),
    ):
        known.require(recipient)
    with pytest.raises(Exception, match="not known here yet"):
        known.require(Recipient.team(new_id()))


async def test_a_group_is_informed_in_batches_once_each_although_the_job_is_killed(
    api: Api, notice_steps: NoticeSteps, database: Database, clock: ControlledClock
) -> None:
    members = await people(api, 5)
    # Governance may know people whom identity does not.
    notice_steps.recipients.members[OFFICERS] = [*members, new_id()]
    assert await notice_steps.receive(requested(OFFICERS, at=clock.now())) is Outcome.HANDLED

    async def kill_at_the_second_page() -> None:
        if notice_steps.recipients.pages == 1:
            raise Killed

    notice_steps.recipients.meanwhile = kill_at_the_second_page
    with pytest.raises(Killed):
        await notice_steps.inform(batch=2)
    assert len(await informed(database)) == 2
    notice_steps.recipients.meanwhile = None
    await asyncio.gather(*(notice_steps.inform(batch=2) for _ in range(3)))
    assert sorted(await informed(database)) == sorted(members)
    assert len(await notice_steps.letters()) == 5
    ((total, failure),) = await rows(database, "SELECT informed, failure FROM notice_requests")
    assert (total, failure) == (5, None)


async def test_a_batch_that_is_killed_before_its_commit_informs_nobody(
    api: Api, notice_steps: NoticeSteps, database: Database, clock: ControlledClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipient, _ = await person(api)
    assert await notice_steps.receive(requested(recipient, at=clock.now())) is Outcome.HANDLED
    job = notice_steps.inform_people()

    async def killed(*_: object, **_rest: object) -> int:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(type(job), "_inform_batch", killed)
        with pytest.raises(Killed):
            await notice_steps.inform()
    assert await informed(database) == []
    await notice_steps.inform()
    assert (len(await informed(database)), len(await notice_steps.letters())) == (1, 1)


async def test_requests_wait_for_governance_and_are_resumed_after_a_long_outage(
    api: Api, notice_steps: NoticeSteps, database: Database, clock: ControlledClock
) -> None:
    notice_steps.recipients.members[OFFICERS] = await people(api, 1)
    assert await notice_steps.receive(requested(OFFICERS, at=clock.now())) is Outcome.HANDLED
    notice_steps.recipients.away = True
    with pytest.raises(Unavailable):
        await notice_steps.inform()
    await change(database, "UPDATE procrastinate_jobs SET status = 'failed'")
    assert await notice_steps.resume() == 0
    clock.advance(seconds=3601)
    assert [await notice_steps.resume(), await notice_steps.resume()] == [1, 0]
    notice_steps.recipients.away = False
    await notice_steps.inform()
    assert len(await informed(database)) == 1
    assert "identity.notice_request.resume" in await recorded_actions(database)


async def test_a_role_that_does_not_exist_ends_the_request_with_its_reason(
    notice_steps: NoticeSteps, database: Database, clock: ControlledClock
) -> None:
    role = Recipient.holders_of_role("nobody")
    notice_steps.recipients.members[role] = []
    assert await notice_steps.receive(requested(role, at=clock.now())) is Outcome.HANDLED
    del notice_steps.recipients.members[role]
    await notice_steps.inform()
    ((failure, completed),) = await rows(database, "SELECT failure, completed_at IS NOT NULL FROM notice_requests")
    assert (failure, completed) == ("RES_001", True)


async def test_the_suspended_get_security_notices_only_and_the_erased_none(
    api: Api, notice_steps: NoticeSteps, database: Database, erasure_steps: ErasureSteps
) -> None:
    recipient, token = await person(api)
    user_id = recipient.reference
    await change(database, "UPDATE users SET status = 'suspended'")
    await notice_steps.notify(recipient, key="suspended")
    await notice_steps.notify(recipient, key="secure", template="identity.data_exported", facts={})
    assert (await informed(database), [letter.subject for letter in await notice_steps.letters()]) == (
        [],
        ["Elcorp: Your data was exported"],
    )
    await change(database, "UPDATE users SET status = 'active'")
    await api.client.put("/api/v1/notices/preferences", json={"language": "af"}, headers={"Authorization": f"Bearer {token}"})
    await notice_steps.notify(recipient, key="active")
    assert len(await rows(database, "SELECT FROM notice_preferences")) == 1
    erasure = (await api.post(f"/users/{user_id}/erasure", {}, token=token)).json()["data"]
    await notice_steps.notify(recipient, key="restricted")
    assert len(await informed(database)) == 1
    await erasure_steps.answer(erasure["id"])
    assert await erasure_steps.carry_out() == 1
    await notice_steps.notify(recipient, key="erased")
    for table in ("notices", "notice_preferences"):
        assert await rows(database, f"SELECT FROM {table}") == []


async def test_who_wants_mail_only_gets_a_flood_by_mail_and_in_no_list(
    api: Api, notice_steps: NoticeSteps, monkeypatch: pytest.MonkeyPatch, clock: ControlledClock
) -> None:
    recipient, token = await person(api)
    monkeypatch.setattr("identity.application.notices.inform_person.NOTICES_PER_HOUR_MAX", 2)
    wanted = {"channels": {"payments": ["mail"]}}
    answer = await api.client.put("/api/v1/notices/preferences", json=wanted, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == HTTPStatus.OK, answer.text
    for number in range(5):
        await notice_steps.notify(recipient, key=str(number))
    assert (await api.get("/notices", token=token)).json()["data"]["items"] == []
    clock.advance(seconds=3600)
    await notice_steps.send_due()
    assert "3 further notices of the hour" in (await notice_steps.letters())[-1].text


async def test_a_flood_becomes_one_notice_and_one_list(
    api: Api, notice_steps: NoticeSteps, clock: ControlledClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipient, token = await person(api)
    notices_max, mails_max = 4, 2
    monkeypatch.setattr("identity.application.notices.inform_person.NOTICES_PER_HOUR_MAX", notices_max)
    monkeypatch.setattr("identity.application.notices.inform_person.NOTICE_MAILS_PER_HOUR_MAX", mails_max)
    for number in range(notices_max + 3):
        await notice_steps.notify(recipient, key=str(number))
    assert len(await notice_steps.letters()) == mails_max
    listed = (await api.get("/notices?limit=100", token=token)).json()["data"]["items"]
    withheld = [each["text"] for each in listed if each["template"] == "system.notices_withheld"]
    assert (len(listed), withheld) == (notices_max + 1, ["3 further notices of the hour were not kept one by one."])
    [stands] = [each for each in listed if each["template"] == "system.notices_withheld"]
    await api.post(f"/notices/{stands['id']}/read", token=token)
    await notice_steps.notify(recipient, key="one more")
    again = (await api.get("/notices?limit=100", token=token)).json()["data"]["items"]
    assert [(each["text"][:1], each["read_at"]) for each in again if each["id"] == stands["id"]] == [("4", None)]
    # Other groups are not affected, and urgent notices are not delayed.
    await notice_steps.notify(recipient, key="other", template="identity.data_exported", facts={}, urgency=Urgency.URGENT)
    assert (await notice_steps.letters())[-1].subject == "Elcorp: Your data was exported"
    assert await notice_steps.send_due() == 0
    clock.advance(seconds=3600)
    assert [await notice_steps.send_due(), await notice_steps.send_due()] == [1, 0]
    waited = notices_max - mails_max
    assert (await notice_steps.letters())[-1].subject == f"Elcorp: {waited} notices for you"


async def test_facts_are_plain_text_on_one_line(
    api: Api, notice_steps: NoticeSteps, database: Database, clock: ControlledClock
) -> None:
    recipient, token = await person(api)
    hostile = {
        "amount": "1 NAD\r\nBcc: everyone@example.na\r\n\r\n<script>alert(1)</script>",
        "due_on": "{reason.__class__}\u202e",
        "reason": "x" * 1000,
        "schedule_id": "../../admin?x=1#y",
    }
    await notice_steps.notify(recipient, facts=hostile)
    (notice,) = (await api.get(f"/notices?template={REFUSED}", token=token)).json()["data"]["items"]
    assert "{reason.__class__} " in notice["text"]
    assert notice["link"] == "/transfers/schedules/..%2F..%2Fadmin%3Fx%3D1%23y"
    assert len(notice["text"]) < 600
    (letter,) = await notice_steps.letters()
    assert "1 NAD Bcc: everyone@example.na <script>" in letter.text
    for part in (notice["title"], notice["text"], letter.subject, letter.text.removesuffix("\n\nElcorp Namibia\n")):
        assert not {"\r", "\n", "\u202e"} & set(part)


async def test_old_notices_are_deleted_when_they_were_read_and_later_when_not(
    api: Api, notice_steps: NoticeSteps, database: Database, clock: ControlledClock
) -> None:
    recipient, token = await person(api)
    for key in ("read", "unread"):
        await notice_steps.notify(recipient, key=key)
    (_, first) = (await api.get(f"/notices?template={REFUSED}", token=token)).json()["data"]["items"]
    await api.post(f"/notices/{first['id']}/read", token=token)
    clock.advance(days=180)
    assert await notice_steps.purge() == 0
    clock.advance(seconds=1)
    assert [await notice_steps.purge(), len(await informed(database))] == [1, 1]
    clock.advance(days=185)
    assert [await notice_steps.purge(), len(await informed(database))] == [1, 0]
    assert await rows(database, "SELECT FROM notice_requests") == []


async def test_requests_out_of_order_keep_the_times_of_what_happened(
    api: Api, notice_steps: NoticeSteps, clock: ControlledClock
) -> None:
    recipient, token = await person(api)
    for key, at in (("later", clock.now()), ("earlier", clock.now() - timedelta(days=1))):
        assert await notice_steps.receive(requested(recipient, at=at, key=key)) is Outcome.HANDLED
    await notice_steps.inform()
    listed = (await api.get(f"/notices?template={REFUSED}", token=token)).json()["data"]["items"]
    assert [each["occurred_at"] for each in listed] == ["2026-03-20T08:00:00Z", "2026-03-21T08:00:00Z"]
