"""Anonymous attempts add few entries to the append-only log, and all are counted."""

import asyncio
from collections import Counter
from uuid import uuid4

import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import PendingTransaction
from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from identity.application.attempts.record_counted_attempts import RecordCountedAttempts
from identity.application.messages.deliver_message import DeliverMessage
from identity.infrastructure.delivery import MailboxOnly
from identity.settings import IdentitySettings
from identity.wiring.adapters import unit_of_work
from services.identity.tests.contract.api import ARRANGING, DETAILS, Api, at_address
from services.identity.tests.contract.outbox import Record, Whole, recording
from services.identity.tests.stored import views_of

WRONG = "Wrong-Sunrise-47!"
HERE, THERE = "198.51.100.7", "203.0.113.9"


@pytest.fixture
def settings(usual_settings: IdentitySettings) -> IdentitySettings:
    """The defaults: one entry for the first attempt of an address, and one for all that follow."""
    return usual_settings.model_copy(update={"attempts_recorded_singly": 1, "login_attempts_per_hour": 10})


@pytest.fixture
def record_counted(settings: IdentitySettings, database: Database, clock: ControlledClock) -> RecordCountedAttempts:
    return RecordCountedAttempts(unit_of_work(settings, database), clock)


async def deliver_all(settings: IdentitySettings, identity: Identity, database: Database, clock: ControlledClock) -> int:
    deliver = DeliverMessage(
        unit_of_work(settings, database), views_of(database).messages, MailboxOnly(), clock, keep_content=True
    )
    async with database.read() as connection:
        ids = (await connection.execute(text("SELECT id FROM messages WHERE delivered_at IS NULL"))).scalars().all()
    for message_id in ids:
        await deliver(message_id=message_id)
    return len(ids)


def of(record: Record, ip: str) -> list[Whole]:
    return [fact for fact in record.facts if fact["actor"].get("ip") == ip]


async def test_each_address_adds_two_entries_whatever_it_tries(
    api: Api,
    identity: Identity,
    database: Database,
    settings: IdentitySettings,
    clock: ControlledClock,
    record_counted: RecordCountedAttempts,
) -> None:
    token = await api.signed_in()
    user_id = (await api.get("/users/me", token=token)).json()["data"]["id"]
    await deliver_all(settings, identity, database, clock)
    clock.advance(seconds=60)
    await record_counted()
    clock.advance(seconds=3600)
    arranging = ARRANGING.set(True)
    async with recording(database) as record, at_address(api, THERE) as there:
        for number, caller in enumerate((api, there)):
            asked = [
                *(caller.login(password=WRONG) for _ in range(4)),
                *(caller.login(email=f"nobody-{name}@example.na") for name in range(4)),
                *(caller.request_registration(email=f"new-{number}-{name}@example.na") for name in range(3)),
                caller.post("/auth/password-reset", {"email": DETAILS["email"]}),
                caller.post("/auth/password-reset", {"email": "nobody@example.na"}),
                caller.post("/auth/login/verify", {"challenge": "made-up", "code": "000000"}),
                caller.post("/auth/passkeys/options"),
                caller.post("/auth/passkeys/login", {"ceremony_id": str(uuid4()), "credential": {}, "device_id": str(uuid4())}),
                caller.post("/auth/verify-email", {"verification_id": str(uuid4()), "code": "000000"}),
                caller.refresh("garbage"),
            ]
            assert {answer.status_code for answer in await asyncio.gather(*asked)} <= {200, 201, 202, 401, 422, 429}
        sent = await deliver_all(settings, identity, database, clock)
        assert sent == 10
        # While they continue, the log has only the first.
        assert (len(of(record, HERE)), await record_counted()) == (0, 0)
        clock.advance(seconds=60)
        assert (await record_counted(), await record_counted()) == (2, 0)
    ARRANGING.reset(arranging)
    assert [len(of(record, ip)) for ip in (HERE, THERE)] == [2, 2]
    assert len(record.facts) == 4
    for ip in (HERE, THERE):
        first, counted = of(record, ip)
        assert first["action"] != "identity.attempts.count"
        assert (counted["action"], counted["resource_id"], counted["actor"]["kind"]) == (
            "identity.attempts.count",
            ip,
            "anonymous",
        )
        kinds = Counter({first["action"]: 1})
        for kind in counted["after"]["kinds"]:
            kinds[kind["action"]] += kind["attempts"]
        assert kinds == {
            "identity.user.sign_in_failed": 9,
            "identity.registration.request": 3,
            "identity.password.reset_asked": 2,
            "identity.passkey.challenge": 1,
            "identity.passkey.refuse": 1,
            "identity.message.deliver": 4,
            "identity.message.drop": 1,
        }
        assert counted["after"]["attempts"] == kinds.total() - 1
        # The accounts concerned, with their counts; attempts on unknown accounts are not among them.
        accounts = Counter({user_id: int(first["resource_id"] == user_id)})
        for kind in counted["after"]["kinds"]:
            accounts.update(kind.get("accounts", {}))
        assert accounts == {user_id: 5}
        assert counted["related_ids"] == [user_id]


async def test_continued_attempts_add_one_entry_an_hour(
    api: Api, database: Database, clock: ControlledClock, record_counted: RecordCountedAttempts
) -> None:
    entries = []
    for minute in range(0, 130, 10):
        async with recording(database) as record:
            await api.login(email="nobody@example.na")
            clock.advance(seconds=60)
            await record_counted()
        clock.advance(seconds=540)
        entries += [(minute, fact["action"].rpartition(".")[2], fact["after"].get("attempts")) for fact in record.facts]
    # The first attempt, then the next ones after a pause, then the attempts of each hour.
    assert entries == [(0, "sign_in_failed", None), (10, "count", 1), (70, "count", 6)]
    clock.advance(seconds=3600)
    async with recording(database) as record:
        assert await record_counted() == 1
    assert record.facts[0]["after"]["attempts"] == 5
    # After an hour without attempts, the next one counts as a first attempt.
    clock.advance(seconds=3600)
    async with recording(database) as record:
        await api.login(email="nobody@example.na")
    assert record.actions == ["identity.user.sign_in_failed"]


async def test_concurrent_attempts_are_all_counted(
    api: Api, database: Database, clock: ControlledClock, record_counted: RecordCountedAttempts
) -> None:
    async with recording(database) as record:
        await asyncio.gather(*(api.login(email=f"nobody-{name}@example.na") for name in range(12)))
        clock.advance(seconds=60)
        await asyncio.gather(*(record_counted() for _ in range(3)))
    assert record.actions == ["identity.user.sign_in_failed", "identity.attempts.count"]
    (kind,) = record.facts[1]["after"]["kinds"]
    assert kind == {"action": "identity.user.sign_in_failed", "reason": "unknown_account", "attempts": 11}


async def test_counts_that_were_not_recorded_yet_are_kept(
    api: Api, database: Database, clock: ControlledClock, record_counted: RecordCountedAttempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the process is killed, nothing is lost: one commit removes the counts and writes their fact."""
    for _ in range(3):
        await api.login(email="nobody@example.na")
    clock.advance(seconds=60)

    async def be_killed(transaction: PendingTransaction) -> None:
        await transaction.rollback()
        raise ConnectionError

    with monkeypatch.context() as patched, pytest.raises(ConnectionError):
        patched.setattr(PendingTransaction, "commit", be_killed)
        await record_counted()
    async with recording(database) as record:
        assert await record_counted() == 1
    assert record.facts[0]["after"]["attempts"] == 2
