from dataclasses import dataclass
from datetime import timedelta

from identity.application.ports.messages import LeftBehind
from identity.application.ports.unit_of_work import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class ResumeMessages:
    """Queue notices again whose delivery has used up its attempts, as in an outage of the mail relay.

    Codes and reset links, which a user asked for, are stale by then: the user asks again. A notice is stale after `patience`.
    """

    uow: UnitOfWork
    messages: LeftBehind
    clock: Clock
    silence: timedelta = timedelta(hours=1)
    patience: timedelta = timedelta(hours=72)

    async def __call__(self, *, limit: int = 500) -> int:
        """Return how many were queued."""
        at, queued = self.clock.now(), 0
        for message_id in await self.messages.left_behind(at - self.patience, at - self.silence, limit=limit):
            async with self.uow.begin(Actor.service("identity")) as tx:
                message = await tx.messages.lock(message_id)
                # Delivered or forgotten meanwhile.
                if message and message.is_waiting:
                    await tx.messages.queue(message_id)
                    queued += 1
        return queued
