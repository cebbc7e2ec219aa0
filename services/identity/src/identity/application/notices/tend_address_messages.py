from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from identity.application.notices import audit
from identity.application.ports.address_messages import AddressMessageBook
from identity.application.ports.unit_of_work import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock

MESSAGES_A_RUN_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class TendAddressMessages:
    """Destroy the keys of messages that expired, and queue those again whose delivery has used all its attempts."""

    uow: UnitOfWork
    book: AddressMessageBook
    clock: Clock
    silence: timedelta = timedelta(hours=1)

    async def __call__(self, *, limit: int = MESSAGES_A_RUN_MAX) -> int:
        """Return how many expired."""
        at, expired = self.clock.now(), 0
        for message_id in await self.book.expired_address_messages(at, limit=limit):
            async with self.uow.begin(Actor.service("identity")) as tx:
                message = await tx.address_messages.lock(message_id)
                if message is None:
                    continue
                if not message.is_unsettled:
                    # Delivered meanwhile, or kept for a developer's mailbox.
                    message.forget()
                    tx.record(audit.address_message_settled(message, at=at))
                else:
                    message.fail(at=at)
                    tx.record(audit.address_message_settled(message, at=at))
                    expired += 1
        for message_id in await self.book.left_address_messages(at - self.silence, limit=limit):
            async with self.uow.begin(Actor.service("identity")) as tx:
                message = await tx.address_messages.lock(message_id)
                if message and message.is_waiting(at):
                    await tx.address_messages.queue(message_id)
                    tx.record(audit.address_message_resumed(message, at=at))
        return expired
