"""A device from which a user has signed in. The device chooses its id; sessions and tokens are bound to it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

# A mail reports the sign-in of an unknown device. If the user does not object for this long, the device counts as the owner's.
LONG_KNOWN_AFTER: Final = timedelta(hours=72)


@dataclass(eq=False)
class Device:
    """`known_since` is when the device was first used, or first used after it was revoked. Its token is bound to that time.

    `name` is sealed, because the owner wrote it.
    """

    user_id: UUID
    device_id: UUID
    first_seen_at: datetime
    last_seen_at: datetime
    name: str | None = None
    known_since: datetime | None = None
    revoked_at: datetime | None = None

    @classmethod
    def register(cls, user_id: UUID, device_id: UUID, *, at: datetime) -> Self:
        return cls(user_id, device_id, at, at, known_since=at)

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None

    def record_sign_in(self, *, at: datetime) -> bool:
        """Record a sign-in. Return True if it re-activates a revoked device, which is then known only from this time."""
        self.last_seen_at = at
        self.known_since = self.known_since or self.first_seen_at
        if not self.is_revoked:
            return False
        self.known_since, self.revoked_at = at, None
        return True

    def is_long_known(self, *, at: datetime) -> bool:
        """Return whether the account has known the device long enough to attribute a change on it to the owner (ADR 0025)."""
        return not self.is_revoked and at - (self.known_since or self.first_seen_at) >= LONG_KNOWN_AFTER

    def rename(self, name: str | None) -> None:
        self.name = name

    def revoke(self, *, at: datetime) -> bool:
        """Make the device unknown. Return False if it is revoked already."""
        if self.is_revoked:
            return False
        self.revoked_at = at
        return True
