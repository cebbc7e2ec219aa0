"""What users need of the world."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from identity.domain.profile import Profile
from identity.domain.user import User
from kernel.assurance import Factors


class Users(Protocol):
    async def add(self, user: User) -> None:
        """Add a user; raises UserExists when the username is taken."""

    async def lock(self, user_id: UUID) -> User | None:
        """Find a user and lock it until the transaction ends; lock it before any of its sessions."""

    async def factors_of(self, user_id: UUID) -> Factors:
        """Read what a user's factors are, without waiting for a lock; raises NotFound."""

    async def holder_of(self, username: str) -> UUID | None: ...

    async def flush(self) -> None:
        """Send what was changed so far; raises UserExists when a new username, or a number just verified, is taken."""

    async def lock_administrators(self) -> bool:
        """Become the only transaction that makes a first administrator; tell whether there is one."""


class Profiles(Protocol):
    async def add(self, user_id: UUID, profile: Profile) -> None:
        """Seal a profile under a new key of the user's own; raises UserExists when the e-mail address is taken."""

    async def of(self, user_id: UUID) -> Profile:
        """Open a user's profile; raises NotFound when it was erased."""

    async def replace(self, user_id: UUID, profile: Profile) -> None:
        """Seal another profile under the same key.

        Raises UserExists when the e-mail address is taken, or a verified number is replaced by another's verified one.
        """

    async def holder_of_email(self, email: str) -> UUID | None:
        """Find the user whose mailbox it is, in whichever spelling."""

    async def holder_of_phone(self, phone: str) -> UUID | None:
        """Find the user who has verified a number: one at most (ADR 0016)."""

    async def all_with_phone(self, phone: str) -> Sequence[UUID]:
        """Find the users who gave a number, verified or not, in id order."""
