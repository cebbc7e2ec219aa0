from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from governance.domain.separation import SeparationException
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class SeparationExceptionView:
    """Approved and ended are None until then; an exception that expires is not ended."""

    id: UUID
    separation: str
    first: str
    second: str
    subject_id: UUID
    reason: str
    expires_at: datetime
    asked_by: str
    asked_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    ended_by: str | None
    ended_at: datetime | None

    @classmethod
    def of(cls, exception: SeparationException) -> "SeparationExceptionView":
        return cls(
            id=exception.id,
            separation=exception.separation,
            first=exception.first,
            second=exception.second,
            subject_id=exception.subject_id,
            reason=exception.reason,
            expires_at=exception.expires_at,
            asked_by=exception.asked_by,
            asked_at=exception.asked_at,
            approved_by=exception.approved_by,
            approved_at=exception.approved_at,
            ended_by=exception.ended_by,
            ended_at=exception.ended_at,
        )


class SeparationExceptionViews(Protocol):
    async def exceptions(
        self, page: PageRequest, *, separation: str | None, subject_id: UUID | None
    ) -> Page[SeparationExceptionView]:
        """Page through exceptions, newest first."""
