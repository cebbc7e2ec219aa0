"""The read models of sessions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.application.devices.views import OriginView
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class SessionView:
    """`last_active_at` is the last refresh, sign-in or step-up; `proven_at` is the last sign-in or step-up."""

    id: UUID
    user_id: UUID
    device_id: UUID
    methods: tuple[str, ...]
    started_at: datetime
    refreshed_at: datetime | None
    expires_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    proven_at: datetime
    last_active_at: datetime
    organization_id: UUID | None
    started_from: OriginView | None = None
    seen_from: OriginView | None = None


class SessionViews(Protocol):
    async def sessions_of(self, user_id: UUID, page: PageRequest, *, live: bool | None = None) -> Page[SessionView]:
        """List a user's sessions, newest first: live ones, ended ones, or all."""

    async def session(self, session_id: UUID) -> SessionView | None: ...
