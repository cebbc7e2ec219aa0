from dataclasses import dataclass
from uuid import UUID

from identity.application.notices.views import NoticeView, NoticeViews
from identity.domain.notice_preferences import DEFAULT_PREFERENCES
from kernel.actor import Actor
from kernel.errors import InvalidValue
from kernel.pages import CursorPage, CursorRequest


@dataclass(frozen=True, slots=True)
class ListNotices:
    """List the caller's notices, newest first, in the caller's language."""

    views: NoticeViews

    async def __call__(
        self, *, actor: Actor, cursor: CursorRequest, unread: bool, template: str | None
    ) -> CursorPage[NoticeView]:
        """Raise InvalidValue for a cursor that is not from a list of notices."""
        after = _place(cursor.after) if cursor.after else None
        preferences = await self.views.preferences(actor.user_id) or DEFAULT_PREFERENCES
        rows = await self.views.page(actor.user_id, after=after, limit=cursor.limit + 1, unread=unread, template=template)
        shown = [NoticeView.of(row, preferences.language) for row in rows[: cursor.limit]]
        return CursorPage(shown, str(shown[-1].id) if len(rows) > cursor.limit else None)


def _place(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError:
        raise InvalidValue(field="cursor", expected="a cursor from a page of this list") from None
