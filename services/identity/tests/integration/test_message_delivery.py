"""Delivering messages over a transport that may be unavailable."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from identity.application.messages.deliver_message import DeliverMessage
from identity.domain.message import Message, Template, Undeliverable
from kernel.actor import Actor
from kernel.errors import Unavailable
from services.identity.tests.fakes.messages import FakeTransport
from services.identity.tests.integration.storage import Storage, fact
from services.identity.tests.stored import recorded_actions

USER = uuid4()


@dataclass
class Mailroom:
    storage: Storage
    database: Database
    clock: ControlledClock

    async def queue(self, template: Template = Template.VERIFY_EMAIL) -> UUID:
        async with self.storage.uow.begin(Actor.service("identity")) as tx:
            await tx.messages.send(USER, template, to="anna@example.na", code="123456")
            tx.record(fact(self.clock))
        return (await self.message()).id

    async def deliver(self, message_id: UUID, transport: FakeTransport, *, keep: bool = False) -> None:
        deliver = DeliverMessage(self.storage.uow, self.storage.views.messages, transport, self.clock, keep_content=keep)
        await deliver(message_id=message_id)

    async def message(self) -> Message:
        """Return the only message."""
        async with self.storage.uow.begin(Actor.service("identity")) as tx:
            message: Message = (await tx.session.scalars(select(Message))).one()
            return message

    async def actions(self) -> list[str]:
        return await recorded_actions(self.database)


@pytest.fixture
def mailroom(storage: Storage, database: Database, clock: ControlledClock) -> Mailroom:
    return Mailroom(storage, database, clock)


async def test_a_message_is_sent_once_and_its_content_is_deleted(mailroom: Mailroom, clock: ControlledClock) -> None:
    transport = FakeTransport()
    message_id = await mailroom.queue()
    for _ in range(2):
        await mailroom.deliver(message_id, transport)
    assert [each.to for each in transport.delivered] == ["anna@example.na"]
    assert "123456" in transport.delivered[0].text
    message = await mailroom.message()
    assert (message.delivered_at, message.sealed) == (clock.now(), None)
    assert await mailroom.actions() == ["identity.tests.change", "identity.message.deliver"]


async def test_a_decoy_is_dropped_and_not_shown_in_the_developers_mailbox(mailroom: Mailroom) -> None:
    transport = FakeTransport()
    await mailroom.deliver(await mailroom.queue(Template.DECOY), transport, keep=True)
    assert (transport.delivered, (await mailroom.message()).sealed) == ([], None)
    assert (await mailroom.actions())[1:] == ["identity.message.drop"]


async def test_a_message_waits_while_the_transport_is_unavailable(mailroom: Mailroom) -> None:
    transport = FakeTransport(Unavailable(dependency="smtp"))
    message_id = await mailroom.queue()
    with pytest.raises(Unavailable):
        await mailroom.deliver(message_id, transport)
    assert (await mailroom.message()).is_waiting
    transport.problem = None
    await mailroom.deliver(message_id, transport)
    assert len(transport.delivered) == 1


async def test_a_message_that_cannot_be_delivered_is_given_up_and_audited(mailroom: Mailroom, clock: ControlledClock) -> None:
    message_id = await mailroom.queue()
    await mailroom.deliver(message_id, FakeTransport(Undeliverable()))
    message = await mailroom.message()
    assert (message.failed_at, message.sealed) == (clock.now(), None)
    assert await mailroom.actions() == ["identity.tests.change", "identity.message.fail"]


async def test_only_the_developers_mailbox_keeps_message_content(mailroom: Mailroom) -> None:
    await mailroom.deliver(await mailroom.queue(), FakeTransport(), keep=True)
    kept = await mailroom.storage.views.messages.delivered_messages("anna@example.na", 10)
    assert [(each.template, each.facts) for each in kept] == [(Template.VERIFY_EMAIL, {"code": "123456"})]
