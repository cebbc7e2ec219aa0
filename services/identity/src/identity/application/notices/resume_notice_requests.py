from dataclasses import dataclass
from datetime import timedelta

from identity.application.notices import audit
from identity.application.ports.notices import NoticeBook
from identity.application.ports.unit_of_work import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class ResumeNoticeRequests:
    """Queue requests again whose job has used all its attempts, for example in an outage of governance."""

    uow: UnitOfWork
    book: NoticeBook
    clock: Clock
    silence: timedelta = timedelta(hours=1)

    async def __call__(self, *, limit: int = 100) -> int:
        """Return how many were queued again."""
        at, queued = self.clock.now(), 0
        for request_id in await self.book.left_requests(at - self.silence, limit=limit):
            async with self.uow.begin(Actor.service("identity")) as tx:
                request = await tx.notice_requests.lock(request_id)
                if request and request.is_open:
                    await tx.notice_requests.queue(request_id)
                    tx.record(audit.request_resumed(request, at=at))
                    queued += 1
        return queued
