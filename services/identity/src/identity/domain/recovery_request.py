"""Requests to recover an account without its second factor: its mailbox confirms, another person decides (ADR 0025)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from identity.domain.errors import OwnRecovery, RecoveryDecided, RecoveryUnconfirmed

# What another person approves.
APPROVAL_KIND: Final = "identity.recovery"
LIFE: Final = timedelta(days=7)
# A person who required a new password of an account, or created it with an address that they typed, cannot decide on its recovery
# for this long.
TRIGGER_COUNTS_FOR: Final = timedelta(days=30)
# Unconfirmed requests per account and hour.
UNCONFIRMED_PER_HOUR_MAX: Final = 5


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
    """`triggered_by`: those who recently required a new password of the account. `device_id`: the device of the request.

    Another person decides: not the account's owner, not one of those, and not a user of that device. Nobody can decide before
    `confirmed_at`, when the code from the account's mailbox was entered: a thief may have the password.
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
    confirmed_at: datetime | None = None

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
        """Record that a person required a new password of the account while the request waits."""
        self.triggered_by = tuple(sorted({*self.triggered_by, by}))

    def require_other(self, decider: UUID, *, has_device: bool) -> None:
        """Raise OwnRecovery for a person who cannot decide. `has_device`: they have signed in on the request's device."""
        if decider == self.user_id or decider in self.triggered_by or has_device:
            raise OwnRecovery(request_id=self.id)

    def confirm(self, *, at: datetime) -> bool:
        """Record that the account's owner confirmed it. Return False if it is confirmed, decided or too old."""
        if self.confirmed_at is not None or not self.is_open(at=at):
            return False
        self.confirmed_at = at
        return True

    def require_confirmed(self, *, at: datetime) -> None:
        """Raise RecoveryDecided if nobody can decide on it any more, RecoveryUnconfirmed if nobody can yet."""
        if not self.is_open(at=at):
            raise RecoveryDecided(request_id=self.id)
        if self.confirmed_at is None:
            raise RecoveryUnconfirmed(request_id=self.id)

    def is_open(self, *, at: datetime) -> bool:
        return self.status is RecoveryStatus.PENDING and at < self.expires_at

    def decide(self, status: RecoveryStatus, *, by: UUID, reason: str, at: datetime) -> None:
        """Decide it permanently. Raise RecoveryUnconfirmed, or RecoveryDecided if it is decided or older than a week."""
        self.require_confirmed(at=at)
        self.status, self.decided_at, self.decided_by, self.decision_reason = status, at, by, reason
