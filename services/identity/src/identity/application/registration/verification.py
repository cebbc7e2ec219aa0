"""What the callers of registration and verification receive."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PendingVerification:
    """`id` is required together with the code. It does not reveal whether there is an account."""

    id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """Whose address was verified; `wallet_address` where that opened the account."""

    user_id: UUID
    wallet_address: UUID | None = None
