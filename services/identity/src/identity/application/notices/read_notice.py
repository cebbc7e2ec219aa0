from dataclasses import dataclass
from uuid import UUID

from identity.application.notices import audit
from identity.application.notices.get_notice import GetNotice
from identity.application.notices.views import NoticeView
from identity.application.ports.unit_of_work import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class ReadNotice:
    """Mark a notice of the caller as read. Repeating it changes nothing."""

    uow: UnitOfWork
    get_notice: GetNotice
    clock: Clock

    async def __call__(self, *, actor: Actor, notice_id: UUID) -> NoticeView:
        """Raise NotFound."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            notice = await tx.notices.lock(actor.user_id, notice_id)
            if notice is None:
                raise NotFound(notice_id=notice_id)
            if notice.read_at is None:
                notice.read(at=at)
                tx.record_bounded(audit.notices_read(actor.user_id, read=1, at=at), user_id=actor.user_id)
        return await self.get_notice(actor=actor, notice_id=notice_id)
