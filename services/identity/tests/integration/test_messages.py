"""Storing and delivering messages: sealed rows, and a job in the same transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from chassis.jobs import make_jobs
from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application.messages.deliver_message import DeliverMessage
from identity.application.messages.resume_messages import ResumeMessages
from identity.domain.message import Letter, Template
from identity.domain.profile import Profile
from identity.infrastructure.delivery import MailboxOnly
from identity.interfaces.jobs import message_jobs
from identity.settings import IdentitySettings
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.clock import SystemClock
from kernel.errors import Unavailable
from services.identity.tests.integration.storage import Storage
from services.identity.tests.stored import rows

WORKER = Actor.service("identity")


def fact(user_id: UUID, clock: ControlledClock) -> AuditFact:
    return AuditFact(action="identity.test", resource_type="user", resource_id=str(user_id), occurred_at=clock.now())


async def send(storage: Storage, clock: ControlledClock, template: Template, to: str | None = "anna@example.na") -> UUID:
    user_id = uuid4()
    async with storage.uow.begin(WORKER) as tx:
        await tx.messages.send(user_id, template, to=to, code="123456")
        tx.record(fact(user_id, clock))
    return user_id


class NothingLeft:
    async def left_behind(self, _since: datetime, _until: datetime, *, limit: int) -> Sequence[UUID]:
        return [][:limit]


async def run_jobs(settings: IdentitySettings, deliver: DeliverMessage) -> None:
    """Run the deliveries that are due, and no periodic jobs."""
    resume = ResumeMessages(deliver.uow, NothingLeft(), deliver.clock)
    app = make_jobs(settings, [message_jobs(deliver, resume, job_seconds=60)])
    app.periodic_registry.periodic_tasks.clear()
    async with app.open_async():
        await app.run_worker_async(wait=False, queues=["messages"], install_signal_handlers=False)


@pytest.fixture
def deliver(storage: Storage, clock: ControlledClock) -> DeliverMessage:
    return DeliverMessage(storage.uow, storage.views.messages, MailboxOnly(), clock, keep_content=True)


@pytest.fixture
def settings(settings: IdentitySettings, database_urls: Any) -> IdentitySettings:
    return settings.model_copy(update={"database_url": IdentitySettings(database_url=database_urls.app).database_url})


async def test_a_message_and_its_job_are_stored_only_if_the_transaction_commits(
    storage: Storage, database: Database, clock: ControlledClock
) -> None:
    await send(storage, clock, Template.VERIFY_EMAIL)
    with pytest.raises(RuntimeError):
        async with storage.uow.begin(WORKER) as tx:
            await tx.messages.send(uuid4(), Template.VERIFY_EMAIL, to="anna@example.na")
            raise RuntimeError
    messages = await rows(database, "SELECT id::text FROM messages")
    jobs = await rows(database, "SELECT args ->> 'message_id', task_name FROM procrastinate_jobs")
    assert jobs == [(messages[0][0], "identity:deliver_message")]


async def test_no_code_or_address_is_readable_in_the_database(
    storage: Storage, database: Database, clock: ControlledClock
) -> None:
    await send(storage, clock, Template.VERIFY_EMAIL)
    dump = [
        *await rows(database, "SELECT m::text FROM messages m"),
        *await rows(database, "SELECT j::text FROM procrastinate_jobs j"),
    ]
    assert not [row for row in dump if "123456" in row[0] or "anna" in row[0] or b"123456".hex() in row[0]]


async def test_the_job_delivers_and_the_mailbox_shows_the_newest_first(
    storage: Storage, deliver: DeliverMessage, settings: IdentitySettings, clock: ControlledClock
) -> None:
    for template, to in ((Template.VERIFY_EMAIL, "anna@example.na"), (Template.VERIFY_PHONE, "+264811234567")):
        await send(storage, clock, template, to)
    assert not await storage.views.messages.delivered_messages(None, 10)
    await run_jobs(settings, deliver)
    shown = await storage.views.messages.delivered_messages(None, 10)
    assert [each.template for each in shown] == [Template.VERIFY_PHONE, Template.VERIFY_EMAIL]
    for recipient, template in (("+264811234567", Template.VERIFY_PHONE), ("ANNA@example.na", Template.VERIFY_EMAIL)):
        found = await storage.views.messages.delivered_messages(recipient, 10)
        assert [(each.template, each.facts) for each in found] == [(template, {"code": "123456"})]


async def test_a_user_is_reached_at_their_own_address(storage: Storage, clock: ControlledClock) -> None:
    user_id = uuid4()
    async with storage.uow.begin(WORKER) as tx:
        await _enrol(tx, user_id, clock)
        await tx.messages.send(user_id, Template.NEW_DEVICE)
        # A user without a number gets no text message, which is not an error.
        await tx.messages.send(user_id, Template.VERIFY_PHONE, code="1")
        tx.record(fact(user_id, clock))
    ids = await _waiting_messages(storage)
    contents = [await storage.views.messages.waiting_message(message_id) for message_id in ids]
    assert [(each.to, each.template) for each in contents if each] == [("anna@example.na", Template.NEW_DEVICE)]


async def test_deleted_messages_are_not_sent(storage: Storage, clock: ControlledClock) -> None:
    user_id = await send(storage, clock, Template.VERIFY_EMAIL)
    ids = await _waiting_messages(storage)
    async with storage.uow.begin(WORKER) as tx:
        await tx.messages.forget(user_id)
        tx.record(fact(user_id, clock))
    assert [await storage.views.messages.waiting_message(message_id) for message_id in ids] == [None]


@dataclass
class Relay:
    """Refuse messages with a temporary error while away."""

    away: bool = True
    taken: list[str] = field(default_factory=list)

    async def deliver(self, letter: Letter) -> None:
        if self.away:
            raise Unavailable(dependency="relay")
        self.taken.append(letter.to)


async def use_up_attempts(database: Database, settings: IdentitySettings, deliver: DeliverMessage) -> None:
    """Use up the last attempt of each delivery, as in an outage of hours."""
    async with database.engine.begin() as connection:
        await connection.execute(text("UPDATE procrastinate_jobs SET attempts = 11"))
    await run_jobs(settings, deliver)
    assert {status for (status,) in await rows(database, "SELECT status::text FROM procrastinate_jobs")} == {"failed"}


async def test_a_notice_is_sent_once_after_an_outage_of_hours(
    storage: Storage, database: Database, settings: IdentitySettings, clock: ControlledClock
) -> None:
    relay = Relay()
    deliver = DeliverMessage(storage.uow, storage.views.messages, relay, clock)
    # The database says when a message was queued.
    later = ControlledClock(SystemClock().now() + timedelta(hours=3))
    resume = ResumeMessages(storage.uow, storage.views.messages, later)
    await send(storage, clock, Template.PASSWORD_CHANGED, "notice@example.na")
    await send(storage, clock, Template.VERIFY_EMAIL, "code@example.na")
    # Its delivery is still pending, so there is nothing to resume.
    assert await resume() == 0
    await use_up_attempts(database, settings, deliver)
    relay.away = False
    assert [await resume(), await resume()] == [1, 0]
    await run_jobs(settings, deliver)
    # A code has expired by now.
    assert relay.taken == ["notice@example.na"]
    assert await resume() == 0


@pytest.mark.parametrize("hours", [0, 73])
async def test_a_notice_is_resumed_after_an_hour_and_for_three_days(
    storage: Storage, database: Database, settings: IdentitySettings, clock: ControlledClock, hours: int
) -> None:
    await send(storage, clock, Template.PASSWORD_CHANGED)
    await use_up_attempts(database, settings, DeliverMessage(storage.uow, storage.views.messages, Relay(), clock))
    at = ControlledClock(SystemClock().now() + timedelta(hours=hours))
    assert await ResumeMessages(storage.uow, storage.views.messages, at)() == 0


@dataclass
class Crowd:
    """Accept no message until `number` deliveries are under way."""

    number: int
    _barrier: asyncio.Barrier = field(init=False)

    def __post_init__(self) -> None:
        self._barrier = asyncio.Barrier(self.number)

    async def deliver(self, letter: Letter) -> None:
        await self._barrier.wait()


async def test_concurrent_deliveries_are_recorded_once(storage: Storage, database: Database, clock: ControlledClock) -> None:
    await send(storage, clock, Template.VERIFY_EMAIL)
    deliver = DeliverMessage(storage.uow, storage.views.messages, Crowd(3), clock)
    (message_id,) = await _waiting_messages(storage)
    await asyncio.gather(*(deliver(message_id=message_id) for _ in range(3)))
    assert await rows(database, "SELECT sealed, recipient_index FROM messages WHERE delivered_at IS NOT NULL") == [(None, None)]
    assert len(await rows(database, "SELECT 1 FROM outbox WHERE type = 'audit.facts.recorded'")) == 2


async def _enrol(tx: Any, user_id: UUID, clock: ControlledClock) -> None:
    from identity.domain.user import InitialRole, User  # noqa: PLC0415

    user = User.register(
        user_id=user_id,
        username=None,
        password_hash="$argon2id$x",
        wallet_address=uuid4(),
        initial_role=InitialRole.USER,
        agreed_terms_at=None,
        at=clock.now(),
    )
    await tx.users.add(user)
    await tx.profiles.add(user_id, Profile.of(full_name="Anna Example", email="anna@example.na", phone=None))


async def _waiting_messages(storage: Storage) -> list[UUID]:
    async with storage.uow.begin(WORKER) as tx:
        return list((await tx.session.execute(text("SELECT id FROM messages"))).scalars())
