from dataclasses import dataclass

from identity.application.notices.get_notice_state import GetNoticeState
from identity.application.notices.views import NoticeState
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class FollowNotices:
    """Look once whether the caller has new notices."""

    get_notice_state: GetNoticeState

    async def __call__(self, *, actor: Actor) -> NoticeState:
        return await self.get_notice_state(actor=actor)
