"""Asking for one's account back without its second factor: another person decides."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from identity.domain.errors import RecoveryDecided

LIFE: Final = timedelta(days=7)


class RecoveryReason(StrEnum):
    LOST = "lost"
    STOLEN = "stolen"
    BROKEN = "broken"
    REPLACED = "replaced"


class RecoveryStatus(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(eq=False)
class RecoveryRequest:
    id: UUID
    user_id: UUID
    reason: RecoveryReason
    status: RecoveryStatus
    requested_at: datetime
    expires_at: datetime
    decided_at: datetime | None = None
    decided_by: UUID | None = None
    decision_reason: str | None = None

    @classmethod
    def ask(cls, request_id: UUID, user_id: UUID, reason: RecoveryReason, *, at: datetime) -> Self:
        return cls(request_id, user_id, reason, RecoveryStatus.PENDING, at, at + LIFE)

    def is_open(self, *, at: datetime) -> bool:
        return self.status is RecoveryStatus.PENDING and at < self.expires_at

    def decide(self, status: RecoveryStatus, *, by: UUID, reason: str, at: datetime) -> None:
        """Settle it for good; raises RecoveryDecided when it is, or when nobody did within a week."""
        if not self.is_open(at=at):
            raise RecoveryDecided(request_id=self.id)
        self.status, self.decided_at, self.decided_by, self.decision_reason = status, at, by, reason
