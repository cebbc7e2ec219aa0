from dataclasses import dataclass
from uuid import UUID

from identity.application.messages.texts import written_letter
from identity.application.notices import audit
from identity.application.ports.messages import MessageTransport
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.message import Letter, Undeliverable
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class DeliverToAddress:
    """Send a queued message to an address, then destroy its key. After a crash in between, it is sent again under the same id.

    `keep_content` is for a developer's mailbox.
    """

    uow: UnitOfWork
    transport: MessageTransport
    clock: Clock
    keep_content: bool = False

    async def __call__(self, *, message_id: UUID) -> None:
        """Raise Unavailable if a later attempt may succeed. The job then runs again."""
        letter = await self._letter(message_id)
        if letter is None:
            return
        try:
            await self.transport.deliver(letter)
        except Undeliverable:
            await self._settle(message_id, is_delivered=False)
        else:
            await self._settle(message_id, is_delivered=True)

    async def _letter(self, message_id: UUID) -> Letter | None:
        async with self.uow.begin(Actor.service("identity")) as tx:
            message = await tx.address_messages.lock(message_id)
            if message is None or not message.is_waiting(self.clock.now()):
                return None
            content = tx.address_messages.open(message)
            return written_letter(message.id, content.to, subject=content.subject, text=content.text)

    async def _settle(self, message_id: UUID, *, is_delivered: bool) -> None:
        at = self.clock.now()
        async with self.uow.begin(Actor.service("identity")) as tx:
            message = await tx.address_messages.lock(message_id)
            if message is None or not message.is_unsettled:
                return
            if is_delivered:
                message.deliver(at=at, keep_content=self.keep_content)
            else:
                message.fail(at=at)
            tx.record(audit.address_message_settled(message, at=at))
