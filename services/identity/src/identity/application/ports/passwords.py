"""What passwords need of the world."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.password_reset import PasswordReset


class PasswordHistory(Protocol):
    async def add(self, user_id: UUID, password_hash: str, *, replaced_at: datetime, from_known_device: bool = False) -> None:
        """Keep a replaced password's hash, and no more of them than may not come back.

        `from_known_device`: it was replaced on a device that the account had known for long.
        """


@dataclass(frozen=True, slots=True)
class PasswordVerification:
    """`stronger_hash` is the same password under today's parameters, where the stored hash has older ones."""

    matches: bool
    stronger_hash: str | None = None


class Passwords(Protocol):
    async def hash(self, password: str) -> str:
        """Hash a normalised password; raises Unavailable when too many wait."""

    async def verify(self, password_hash: str | None, password: str) -> PasswordVerification:
        """Verify a normalised password. Without a hash the answer is no, after just as long. Raises Unavailable."""


class PasswordHashes(Protocol):
    async def recent_password_hashes(self, user_id: UUID) -> Sequence[str]:
        """Return the hashes of the passwords that may not come back, the present one first."""

    async def password_hashes_held(self, user_id: UUID, *, at: datetime, replaced_since: datetime) -> Sequence[str]:
        """Return the hash of the password that a user had at a time, and of those that were replaced since another.

        Left out are those that the user replaced, before `at`, on a device known for long, and what came before these. At most
        `PASSWORDS_TRIED_MAX`, the oldest first.
        """


class PasswordResets(Protocol):
    def add(self, reset: PasswordReset) -> None: ...

    async def lock(self, digest: bytes) -> PasswordReset | None:
        """Find a link by its text's digest and lock it until the transaction ends."""

    async def void(self, user_id: UUID, *, at: datetime) -> None:
        """Use up all links of a user: a password that was changed leaves none open."""

    async def purge(self, expired_before: datetime) -> int:
        """Drop links that have expired; tell how many there were."""

    async def issued_since(self, user_id: UUID, since: datetime) -> int: ...

    async def note_required(self, user_id: UUID, *, by: UUID, at: datetime) -> None:
        """Remember that a person required a new password of an account, or opened it without one."""

    async def required_by(self, user_id: UUID, *, since: datetime) -> frozenset[UUID]:
        """Return those who required a new password of an account since then."""

    async def purge_required(self, before: datetime) -> int:
        """Forget what was required before then; tell how much there was."""
