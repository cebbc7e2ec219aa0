from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from identity.application.notices import audit
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.notice import READ_KEPT_FOR, UNREAD_KEPT_FOR
from kernel.actor import Actor
from kernel.clock import Clock

ROWS_A_RUN_MAX: Final = 10_000
# Long after any event can be delivered again.
REQUESTS_KEPT_FOR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class PurgeNotices:
    """Delete notices that were read or created long ago, and requests and messages whose keys can no longer be repeated."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, limit: int = ROWS_A_RUN_MAX) -> int:
        """Return how many notices were deleted."""
        at = self.clock.now()
        async with self.uow.begin(Actor.service("identity")) as tx:
            notices = await tx.notices.purge(read_before=at - READ_KEPT_FOR, created_before=at - UNREAD_KEPT_FOR, limit=limit)
            requests = await tx.notice_requests.purge(at - REQUESTS_KEPT_FOR, limit=limit)
            messages = await tx.address_messages.purge(at - REQUESTS_KEPT_FOR, limit=limit)
            tx.record(audit.notices_purged(notices=notices, requests=requests, messages=messages, at=at))
        return notices
