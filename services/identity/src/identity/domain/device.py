"""A device from which a user has signed in. The id is the device's own claim; sessions and tokens are bound to it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

# A stranger who signs in is told of by mail; a device that nobody objected to for so long is taken for its owner's.
LONG_KNOWN_AFTER: Final = timedelta(hours=72)


@dataclass(eq=False)
class Device:
    """`known_since` is when it was first used, or used again after it was revoked; its device token is bound to that moment.

    `name` is sealed, for it is its owner's own words.
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
        """Record a sign-in. Return True if it re-activates a revoked device, which is then known only from now on."""
        self.last_seen_at = at
        self.known_since = self.known_since or self.first_seen_at
        if not self.is_revoked:
            return False
        self.known_since, self.revoked_at = at, None
        return True

    def is_long_known(self, *, at: datetime) -> bool:
        """Tell whether the account has known the device for so long that a change made on it is its owner's (ADR 0025)."""
        return not self.is_revoked and at - (self.known_since or self.first_seen_at) >= LONG_KNOWN_AFTER

    def rename(self, name: str | None) -> None:
        self.name = name

    def revoke(self, *, at: datetime) -> bool:
        """Forget that the device is known; False when that is so already."""
        if self.is_revoked:
            return False
        self.revoked_at = at
        return True
