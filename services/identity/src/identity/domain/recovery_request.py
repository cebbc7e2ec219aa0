"""Asking for one's account back without its second factor: another person decides."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from identity.domain.errors import OwnRecovery, RecoveryDecided

LIFE: Final = timedelta(days=7)
# A person who required a new password of an account decides on no recovery of it for as long.
TRIGGER_COUNTS_FOR: Final = timedelta(days=30)


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
    """`triggered_by`: those who required a new password of the account lately. `device_id`: where it was requested.

    Another person decides: neither the account's owner, nor one of those, nor the user of that device.
    """

    id: UUID
    user_id: UUID
    reason: RecoveryReason
    status: RecoveryStatus
    requested_at: datetime
    expires_at: datetime
    decided_at: datetime | None = None
    decided_by: UUID | None = None
    decision_reason: str | None = None
    triggered_by: tuple[UUID, ...] = ()
    device_id: UUID | None = None

    @classmethod
    def ask(
        cls,
        request_id: UUID,
        user_id: UUID,
        reason: RecoveryReason,
        *,
        at: datetime,
        triggered_by: Collection[UUID] = (),
        device_id: UUID | None = None,
    ) -> Self:
        request = cls(request_id, user_id, reason, RecoveryStatus.PENDING, at, at + LIFE, device_id=device_id)
        request.triggered_by = tuple(sorted(triggered_by))
        return request

    def trigger(self, by: UUID) -> None:
        """Note that a person required a new password of the account while the request waits."""
        self.triggered_by = tuple(sorted({*self.triggered_by, by}))

    def require_other(self, decider: UUID, *, has_device: bool) -> None:
        """Raise OwnRecovery for a person who cannot decide. `has_device`: they have signed in on the request's device."""
        if decider == self.user_id or decider in self.triggered_by or has_device:
            raise OwnRecovery(request_id=self.id)

    def is_open(self, *, at: datetime) -> bool:
        return self.status is RecoveryStatus.PENDING and at < self.expires_at

    def decide(self, status: RecoveryStatus, *, by: UUID, reason: str, at: datetime) -> None:
        """Settle it for good; raises RecoveryDecided when it is, or when nobody did within a week."""
        if not self.is_open(at=at):
            raise RecoveryDecided(request_id=self.id)
        self.status, self.decided_at, self.decided_by, self.decision_reason = status, at, by, reason
