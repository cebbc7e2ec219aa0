from dataclasses import dataclass
from uuid import UUID

from identity.application.notices.views import NoticeView, NoticeViews
from identity.domain.notice_preferences import DEFAULT_PREFERENCES
from kernel.actor import Actor
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetNotice:
    """Get a notice of the caller."""

    views: NoticeViews

    async def __call__(self, *, actor: Actor, notice_id: UUID) -> NoticeView:
        """Raise NotFound."""
        row = await self.views.notice(actor.user_id, notice_id)
        if row is None:
            raise NotFound(notice_id=notice_id)
        preferences = await self.views.preferences(actor.user_id) or DEFAULT_PREFERENCES
        return NoticeView.of(row, preferences.language)
