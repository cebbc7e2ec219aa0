"""The read models of recovery."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class RecoveryView:
    id: UUID
    user_id: UUID
    reason: str
    status: str
    requested_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    decided_by: UUID | None
    decision_reason: str | None
    confirmed_at: datetime | None


class RecoveryViews(Protocol):
    async def recovery_requests(
        self, status: str | None, page: PageRequest, *, confirmed: bool | None = None
    ) -> Page[RecoveryView]:
        """List requests, newest first, filtered by status and by whether they are confirmed."""
