"""The ports of users."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from identity.domain.profile import Profile
from identity.domain.user import User
from kernel.assurance import Factors


class UserRepository(Protocol):
    async def add(self, user: User) -> None:
        """Add a user. Raise UserExists if the username is taken."""

    async def lock(self, user_id: UUID) -> User | None:
        """Find a user and lock it until the transaction ends. Lock a user before their sessions."""

    async def factors_of(self, user_id: UUID) -> Factors:
        """Read a user's factors without waiting for a lock. Raise NotFound."""

    async def holder_of(self, username: str) -> UUID | None: ...

    async def flush(self) -> None:
        """Send the changes to the database. Raise UserExists if a new username, or a number just verified, is taken."""

    async def lock_administrators(self) -> bool:
        """Lock the creation of a first administrator. Return whether there is one."""


class Profiles(Protocol):
    async def add(self, user_id: UUID, profile: Profile) -> None:
        """Seal a profile under a new key of the user. Raise UserExists if the e-mail address is taken."""

    async def of(self, user_id: UUID) -> Profile:
        """Open a user's profile. Raise NotFound for an erased user."""

    async def replace(self, user_id: UUID, profile: Profile) -> None:
        """Seal another profile under the same key.

        Raise UserExists if the e-mail address is taken, or a verified number is replaced by one that another user has verified.
        """

    async def holder_of_email(self, email: str) -> UUID | None:
        """Find the user of a mailbox, in any spelling of its address."""

    async def holder_of_phone(self, phone: str) -> UUID | None:
        """Find the user who has verified a number. There is at most one (ADR 0016)."""

    async def all_with_phone(self, phone: str) -> Sequence[UUID]:
        """Find the users who gave a number, verified or not, in id order."""
