from dataclasses import dataclass
from datetime import timedelta

from identity.application.ports.messages import LeftBehind
from identity.application.ports.unit_of_work import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class ResumeMessages:
    """Queue notices again whose delivery has used all its attempts, for example in an outage of the mail relay.

    Codes and reset links have expired by then, and the user can request them again. A notice is not sent after `patience`.
    """

    uow: UnitOfWork
    messages: LeftBehind
    clock: Clock
    silence: timedelta = timedelta(hours=1)
    patience: timedelta = timedelta(hours=72)

    async def __call__(self, *, limit: int = 500) -> int:
        """Return how many were queued again."""
        at, queued = self.clock.now(), 0
        for message_id in await self.messages.left_behind(at - self.patience, at - self.silence, limit=limit):
            async with self.uow.begin(Actor.service("identity")) as tx:
                message = await tx.messages.lock(message_id)
                # It may have been delivered or deleted meanwhile.
                if message and message.is_waiting:
                    await tx.messages.queue(message_id)
                    queued += 1
        return queued
