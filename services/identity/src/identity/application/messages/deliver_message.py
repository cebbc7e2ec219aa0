from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from identity.application.messages import audit
from identity.application.messages.texts import letter
from identity.application.messages.views import MessageViews
from identity.application.ports.messages import MessageTransport
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.message import Message, Template, Undeliverable
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class DeliverMessage:
    """Send a queued message, then record that it was sent. After a crash in between, it is sent again under the same id.

    `keep_content` is for a developer's mailbox. Otherwise the content is deleted after delivery.
    """

    uow: UnitOfWork
    views: MessageViews
    transport: MessageTransport
    clock: Clock
    keep_content: bool = False

    async def __call__(self, *, message_id: UUID) -> None:
        """Raise Unavailable if a later attempt may succeed. The job then runs again."""
        content = await self.views.waiting_message(message_id)
        if content is None:
            return
        at = self.clock.now()
        if content.template is Template.DECOY:
            await self._settle(
                message_id, lambda message: message.deliver(at=at, keep_content=False), partial(audit.message_dropped, at=at)
            )
            return
        try:
            await self.transport.deliver(letter(content))
        except Undeliverable:
            await self._settle(message_id, lambda message: message.fail(at=at), partial(audit.message_failed, at=at))
        else:
            keep = self.keep_content
            await self._settle(
                message_id,
                lambda message: message.deliver(at=at, keep_content=keep),
                partial(audit.message_delivered, at=at),
            )

    async def _settle(self, message_id: UUID, change: Callable[[Message], None], fact: Callable[[Message], AuditFact]) -> None:
        async with self.uow.begin(Actor.service("identity")) as tx:
            message = await tx.messages.lock(message_id)
            if message and message.is_waiting:
                source = message.asked_from
                change(message)
                if source:
                    tx.tally(fact(message), source=source)
                else:
                    tx.record(fact(message))
