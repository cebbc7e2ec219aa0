"""Password reset links."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

LIFE: Final = timedelta(minutes=10)
# Links per account and hour.
PER_HOUR_MAX: Final = 5


@dataclass(eq=False)
class PasswordReset:
    """`digest` is SHA-256 of 256 random bits that only the link has."""

    id: UUID
    user_id: UUID
    digest: bytes
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    @classmethod
    def issue(cls, reset_id: UUID, user_id: UUID, digest: bytes, *, at: datetime) -> Self:
        return cls(reset_id, user_id, digest, at, at + LIFE)

    def use(self, *, at: datetime) -> bool:
        """Use the link. Return False if it was used before or has expired."""
        if self.used_at is not None or at >= self.expires_at:
            return False
        self.used_at = at
        return True
