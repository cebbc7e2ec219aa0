from dataclasses import dataclass
from typing import Final

from identity.application.notices.views import NoticeState, NoticeViews
from kernel.actor import Actor

COUNTED_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class GetNoticeState:
    """Get how many notices the caller has not read, and which is the newest."""

    views: NoticeViews

    async def __call__(self, *, actor: Actor) -> NoticeState:
        return await self.views.state(actor.user_id, counted_max=COUNTED_MAX)
