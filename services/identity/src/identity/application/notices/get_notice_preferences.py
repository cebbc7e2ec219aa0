from dataclasses import dataclass

from identity.application.notices.views import NoticeViews
from identity.domain.notice_preferences import NoticePreferences
from kernel.actor import Actor
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetNoticePreferences:
    """Get how the caller wants to be informed."""

    views: NoticeViews

    async def __call__(self, *, actor: Actor) -> NoticePreferences:
        preferences = await self.views.preferences(actor.user_id)
        if preferences is None:
            raise NotFound(user_id=actor.user_id)
        return preferences
