"""The results of registration and verification."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PendingVerification:
    """`id` is required together with the code. It does not reveal whether an account exists."""

    id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """The user whose address was verified; `wallet_address` if that opened the account."""

    user_id: UUID
    wallet_address: UUID | None = None
