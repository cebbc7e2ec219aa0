"""A key that signs access tokens. It is announced, then signs, then stays published until its last token has expired."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

# Access tokens live 15 minutes. The rest is for verifiers' clocks and caches.
PUBLISHED_AFTER_RETIREMENT = timedelta(minutes=20)
# Verifiers read the document every five minutes, a cache may delay it by one, and replicas reload it within seconds.
PUBLISHED_BEFORE_USE = timedelta(minutes=10)


@dataclass(eq=False)
class SigningKey:
    """`public_jwk` is RFC 7517. Only the master key opens `sealed_private`. The tokens' kid is the id as text."""

    id: UUID
    algorithm: str
    public_jwk: dict[str, str]
    sealed_private: bytes
    created_at: datetime
    activated_at: datetime | None = None
    retired_at: datetime | None = None

    @classmethod
    def announce(cls, key_id: UUID, *, public_jwk: dict[str, str], sealed_private: bytes, at: datetime) -> Self:
        """Create a key that verifiers learn before it signs."""
        return cls(key_id, "ES256", public_jwk, sealed_private, created_at=at)

    @property
    def is_next(self) -> bool:
        return self.activated_at is None and self.retired_at is None

    @property
    def is_active(self) -> bool:
        return self.activated_at is not None and self.retired_at is None

    @property
    def usable_at(self) -> datetime:
        """The time from which every verifier knows the key."""
        return self.created_at + PUBLISHED_BEFORE_USE

    def is_due(self, at: datetime, *, life: timedelta) -> bool:
        """Return whether the key has signed for long enough."""
        return self.activated_at is not None and at >= self.activated_at + life

    def activate(self, *, at: datetime) -> None:
        self.activated_at = at

    def retire(self, *, at: datetime) -> None:
        self.retired_at = at

    def is_published(self, at: datetime) -> bool:
        """Return whether verifiers need the key."""
        return self.retired_at is None or at < self.retired_at + PUBLISHED_AFTER_RETIREMENT


def active_key(keys: Sequence[SigningKey]) -> SigningKey | None:
    """Return the key that signs now: the one activated last."""
    active = [key for key in keys if key.is_active]
    return max(active, key=lambda key: (key.activated_at or key.created_at, key.id), default=None)
