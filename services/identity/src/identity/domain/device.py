"""A device from which a user has signed in. The id is the device's own claim; sessions and tokens are bound to it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID


@dataclass(eq=False)
class Device:
    """`known_since`: when it was met, or met again after it was revoked; what proves it known is bound to that moment.

    `name` is sealed, for it is its owner's own words.
    """

    user_id: UUID
    device_id: UUID
    first_seen_at: datetime
    last_seen_at: datetime
    name: str | None = None
    known_since: datetime | None = None
    trusted_at: datetime | None = None
    revoked_at: datetime | None = None

    @classmethod
    def meet(cls, user_id: UUID, device_id: UUID, *, at: datetime) -> Self:
        return cls(user_id, device_id, at, at, known_since=at)

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None

    def see(self, *, at: datetime) -> bool:
        """Note a sign-in; True when a device that was revoked is met anew by it, without the trust that it had."""
        self.last_seen_at = at
        self.known_since = self.known_since or self.first_seen_at
        if not self.is_revoked:
            return False
        self.known_since, self.revoked_at = at, None
        return True

    def rename(self, name: str | None) -> None:
        self.name = name

    def rely(self, *, trusted: bool, at: datetime) -> None:
        """Note whether the owner trusts it; since when stays when it is said again."""
        self.trusted_at = (self.trusted_at or at) if trusted else None

    def revoke(self, *, at: datetime) -> bool:
        """Forget that the device is known; False when that is so already."""
        if self.is_revoked:
            return False
        self.revoked_at, self.trusted_at = at, None
        return True
