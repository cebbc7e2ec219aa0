"""What accounts need of the world."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.domain.profile import Profile
from identity.domain.user import User
from identity.domain.wallet_address import WalletAddress
from kernel.assurance import Factors


class Users(Protocol):
    async def add(self, user: User) -> None:
        """Add a user; raises AccountExists when the username is taken."""

    async def lock(self, user_id: UUID) -> User | None:
        """Find a user and lock it until the transaction ends; lock it before any of its sessions."""

    async def factors_of(self, user_id: UUID) -> Factors:
        """Read what a user's factors are, without waiting for a lock; raises NotFound."""

    async def holder_of(self, username: str) -> UUID | None: ...

    async def flush(self) -> None:
        """Send what was changed so far; raises AccountExists when a new username, or a number just verified, is taken."""

    async def lock_administrators(self) -> bool:
        """Become the only transaction that makes a first administrator; tell whether there is one."""


class Profiles(Protocol):
    async def add(self, user_id: UUID, profile: Profile) -> None:
        """Seal a profile under a new key of the user's own; raises AccountExists when the e-mail address is taken."""

    async def of(self, user_id: UUID) -> Profile:
        """Open a user's profile; raises NotFound when it was erased."""

    async def replace(self, user_id: UUID, profile: Profile) -> None:
        """Seal another profile under the same key.

        Raises AccountExists when the e-mail address is taken, or a verified number is replaced by another's verified one.
        """

    async def holder_of_email(self, email: str) -> UUID | None:
        """Find the user whose mailbox it is, in whichever spelling."""

    async def holder_of_phone(self, phone: str) -> UUID | None:
        """Find the user who has verified a number: one at most (ADR 0016)."""

    async def all_with_phone(self, phone: str) -> Sequence[UUID]:
        """Find the users who gave a number, verified or not, in id order."""


class PasswordHistory(Protocol):
    async def add(self, user_id: UUID, password_hash: str, *, replaced_at: datetime, from_known_device: bool = False) -> None:
        """Keep a replaced password's hash, and no more of them than may not come back.

        `from_known_device`: it was replaced on a device that the account had known for long.
        """


class WalletAddresses(Protocol):
    def add(self, address: WalletAddress) -> None: ...

    async def lock(self, address: UUID) -> WalletAddress | None:
        """Find an address and lock it until the transaction ends."""

    async def count_live(self, user_id: UUID) -> int:
        """Count a user's addresses that are not retired; only under the user's lock, or another may come between."""

    async def label(self, address: WalletAddress, label: str | None) -> None:
        """Seal an address's label under its owner's key, or take it away."""


@dataclass(frozen=True, slots=True)
class Verified:
    """`stronger_hash` is the same password under today's parameters, where the stored hash has older ones."""

    matches: bool
    stronger_hash: str | None = None


class Passwords(Protocol):
    async def hash(self, password: str) -> str:
        """Hash a normalised password; raises Unavailable when too many wait."""

    async def verify(self, password_hash: str | None, password: str) -> Verified:
        """Verify a normalised password. Without a hash the answer is no, after just as long. Raises Unavailable."""


class Contacts(Protocol):
    def email(self, text: str) -> str:
        """Return an e-mail address as it was given, for delivery; raises InvalidEmail."""

    def phone(self, text: str) -> str:
        """Return a telephone number in E.164; raises InvalidPhone."""

    def mobile(self, text: str) -> str:
        """Return a number that receives text messages, in E.164; raises InvalidPhone, or NoTextMessages for other kinds."""
