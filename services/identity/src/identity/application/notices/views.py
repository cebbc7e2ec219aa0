"""The read models of notices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self
from uuid import UUID

from identity.application.notices.templates import TEMPLATES
from identity.domain.notice import NoticeGroup, NoticeLanguage
from identity.domain.notice_preferences import NoticePreferences


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A listed notice with its facts opened."""

    id: UUID
    template: str
    group: NoticeGroup
    facts: Mapping[str, str | int]
    occurred_at: datetime
    created_at: datetime
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice in the reader's language. A template that this release does not know has no text."""

    id: UUID
    template: str
    group: NoticeGroup
    title: str
    text: str
    link: str
    occurred_at: datetime
    created_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, row: NoticeRow, language: NoticeLanguage) -> Self:
        template = TEMPLATES.get(row.template)
        title, text, link = row.template, "", "/notices"
        if template:
            rendered = template.render(row.facts, language)
            title, text, link = rendered.title, rendered.text, rendered.link
        return cls(row.id, row.template, row.group, title, text, link, row.occurred_at, row.created_at, row.read_at)


@dataclass(frozen=True, slots=True)
class NoticeState:
    """The newest notice and how many are not read, which are counted up to a maximum."""

    latest: UUID | None
    unread: int


class NoticeViews(Protocol):
    async def page(
        self, user_id: UUID, *, after: UUID | None, limit: int, unread: bool, template: str | None
    ) -> Sequence[NoticeRow]:
        """List a person's notices older than `after`, newest first."""

    async def notice(self, user_id: UUID, notice_id: UUID) -> NoticeRow | None: ...

    async def state(self, user_id: UUID, *, counted_max: int) -> NoticeState: ...

    async def preferences(self, user_id: UUID) -> NoticePreferences | None:
        """Open a person's preferences, by default the usual ones. Return None for an erased person."""
