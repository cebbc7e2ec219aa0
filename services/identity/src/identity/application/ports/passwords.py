"""The ports of passwords."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.password_reset import PasswordReset


class PasswordHistory(Protocol):
    async def add(self, user_id: UUID, password_hash: str, *, replaced_at: datetime, from_known_device: bool = False) -> None:
        """Store the hash of a replaced password. Keep only the hashes that must not be used again.

        `from_known_device`: it was replaced on a device that the account had known for long.
        """


@dataclass(frozen=True, slots=True)
class PasswordVerification:
    """`stronger_hash` is the same password under today's parameters, if the stored hash has older ones."""

    matches: bool
    stronger_hash: str | None = None


class PasswordHasher(Protocol):
    async def hash(self, password: str) -> str:
        """Hash a normalised password. Raise Unavailable if too many wait."""

    async def verify(self, password_hash: str | None, password: str) -> PasswordVerification:
        """Verify a normalised password. Without a hash, fail after the same time. Raise Unavailable."""


class PasswordHashes(Protocol):
    async def recent_password_hashes(self, user_id: UUID) -> Sequence[str]:
        """Return the hashes of the passwords that must not be used again, the current one first."""

    async def password_hashes_held(self, user_id: UUID, *, at: datetime, replaced_since: datetime) -> Sequence[str]:
        """Return the hash of the password that a user had at `at`, and of those replaced since `replaced_since`.

        Leave out passwords that the user replaced on a long-known device before `at`, and all earlier ones. Return at most
        `PASSWORDS_TRIED_MAX`, the oldest first.
        """


class PasswordResets(Protocol):
    def add(self, reset: PasswordReset) -> None: ...

    async def lock(self, digest: bytes) -> PasswordReset | None:
        """Find a link by the digest of its text and lock it until the transaction ends."""

    async def void(self, user_id: UUID, *, at: datetime) -> None:
        """Void all links of a user: none stays valid after a change of password."""

    async def purge(self, expired_before: datetime) -> int:
        """Delete expired links. Return how many there were."""

    async def issued_since(self, user_id: UUID, since: datetime) -> int: ...

    async def note_required(self, user_id: UUID, *, by: UUID, at: datetime) -> None:
        """Record that a person required a new password of an account, or created the account."""

    async def required_by(self, user_id: UUID, *, since: datetime) -> frozenset[UUID]:
        """Return the persons who required a new password of an account since then."""

    async def purge_required(self, before: datetime) -> int:
        """Delete the records from before then. Return how many there were."""
