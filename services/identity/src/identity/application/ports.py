"""What identity needs of the world."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from identity.domain.device import Device
from identity.domain.profile import Profile
from identity.domain.session import RefreshToken, Session
from identity.domain.signing_key import SigningKey
from identity.domain.user import User
from identity.domain.wallet_address import WalletAddress
from kernel.actor import Actor
from kernel.audit import AuditFact


class Users(Protocol):
    async def add(self, user: User) -> None:
        """Add a user; raises AccountExists when the username is taken."""

    async def lock(self, user_id: UUID) -> User | None:
        """Find a user and lock it until the transaction ends; lock it before any of its sessions."""

    async def lock_administrators(self) -> bool:
        """Become the only transaction that makes a first administrator; tell whether there is one."""


class Profiles(Protocol):
    async def add(self, user_id: UUID, profile: Profile) -> None:
        """Seal a profile under a new key of the user's own; raises AccountExists when e-mail or phone is taken."""


class WalletAddresses(Protocol):
    def add(self, address: WalletAddress) -> None: ...


class Devices(Protocol):
    async def find(self, user_id: UUID, device_id: UUID) -> Device | None: ...

    def add(self, device: Device) -> None: ...


class Sessions(Protocol):
    async def add(self, session: Session) -> None:
        """Add a session; the one that its device had must be over."""

    async def lock(self, session_id: UUID) -> Session | None:
        """Find a session and lock it until the transaction ends."""

    async def lock_live(self, user_id: UUID, device_id: UUID) -> Session | None:
        """Find and lock the device's live session; only under its user's lock, or a new one may come between."""


class SigningKeys(Protocol):
    async def lock_all(self) -> Sequence[SigningKey]:
        """Become the only transaction that changes keys, and return them all."""

    def add(self, key: SigningKey) -> None: ...


class Transaction(Protocol):
    @property
    def users(self) -> Users: ...

    @property
    def profiles(self) -> Profiles: ...

    @property
    def wallet_addresses(self) -> WalletAddresses: ...

    @property
    def devices(self) -> Devices: ...

    @property
    def sessions(self) -> Sessions: ...

    @property
    def signing_keys(self) -> SigningKeys: ...

    def record(self, fact: AuditFact, *, actor: Actor | None = None) -> None: ...


class UnitOfWork(Protocol):
    def begin(self, actor: Actor) -> AbstractAsyncContextManager[Transaction]: ...


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
        """Return an e-mail address in normal form; raises InvalidEmail."""

    def phone(self, text: str) -> str:
        """Return a telephone number in E.164; raises InvalidPhone."""


class Roles(Protocol):
    async def of(self, user_id: UUID) -> tuple[str, ...]:
        """Return the roles that a user holds now; raises Unavailable when governance does not answer."""


class AccessTokens(Protocol):
    @property
    def life(self) -> timedelta: ...

    def issue(self, session: Session, *, roles: Sequence[str], at: datetime) -> str:
        """Sign an access token (RFC 9068) of a session; raises Unavailable while no key is at hand."""


class RefreshTokens(Protocol):
    def issue(self, *, session_id: UUID, user_id: UUID, generation: int) -> RefreshToken: ...

    def read(self, text: str) -> RefreshToken:
        """Read a token that we signed, spent or not; raises InvalidRefreshToken for any other."""

    def seal_successor(self, spent: RefreshToken, successor: RefreshToken) -> bytes:
        """Seal a successor so that only who holds the spent token can read it."""

    def open_successor(self, spent: RefreshToken, sealed: bytes) -> str: ...


class Attempts(Protocol):
    async def admit(self, account: str, ip: str) -> None:
        """Count an attempt; raises TooManyAttempts when there were too many."""

    async def forget(self, account: str, ip: str) -> None:
        """Start counting anew after a success."""


class Revocations(Protocol):
    async def add(self, session_id: UUID, *, ended_at: datetime) -> None:
        """Let every gateway refuse the session's access tokens; raises Unavailable when the list cannot be reached."""

    async def try_add(self, session_id: UUID, *, ended_at: datetime) -> None:
        """Do the same now if that is possible; the event does it for certain a moment later."""


class Digests(Protocol):
    def __call__(self, text: str) -> bytes:
        """Return a keyed digest, which tells nothing of the text to who lacks the key."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """`public_jwk` is RFC 7517; the private half is sealed for the key's own id."""

    public_jwk: dict[str, str]
    sealed_private: bytes


class KeyMaker(Protocol):
    def make(self, key_id: UUID) -> KeyPair: ...
