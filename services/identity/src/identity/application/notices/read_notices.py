from dataclasses import dataclass
from typing import Final
from uuid import UUID

from identity.application.notices import audit
from identity.application.ports.unit_of_work import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock

READ_AT_ONCE_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class ReadNotices:
    """Mark the caller's notices up to one as read, oldest first. Repeat it while it returns the maximum."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, until: UUID) -> int:
        """Return how many were not read before."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            unread = await tx.notices.lock_unread(actor.user_id, until=until, limit=READ_AT_ONCE_MAX)
            for notice in unread:
                notice.read(at=at)
            if unread:
                tx.record_bounded(audit.notices_read(actor.user_id, read=len(unread), at=at), user_id=actor.user_id)
        return len(unread)
