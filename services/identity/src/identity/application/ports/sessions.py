"""What signing in and sessions need of the world."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from identity.domain.device import Device
from identity.domain.device_key import DeviceKey
from identity.domain.origin import Origin
from identity.domain.refresh_token import RefreshToken
from identity.domain.session import Session
from kernel.assurance import Factors


class Devices(Protocol):
    async def find(self, user_id: UUID, device_id: UUID) -> Device | None:
        """Find a device; it changes only under its user's lock."""

    def add(self, device: Device) -> None: ...


class Sessions(Protocol):
    async def add(self, session: Session) -> None:
        """Add a session; the one that its device had must be over."""

    async def lock(self, session_id: UUID) -> Session | None:
        """Find a session and lock it until the transaction ends."""

    async def lock_with_key(self, session_id: UUID) -> tuple[Session, DeviceKey | None] | None:
        """Find a session, with the live key of its device, and lock the session alone."""

    async def seal_origin(self, user_id: UUID, session_id: UUID, origin: Origin) -> bytes | None:
        """Seal from where a session is used, for its user alone; None where the user's key is gone."""

    async def lock_all_live(self, user_id: UUID) -> Sequence[Session]:
        """Find and lock a user's live sessions, in id order; only under the user's lock."""

    async def lock_live(self, user_id: UUID, device_id: UUID) -> Session | None:
        """Find and lock the device's live session; only under its user's lock, or a new one may come between."""

    async def lock_overdue(self, *, at: datetime, idle_for: timedelta, limit: int) -> Sequence[Session]:
        """Find and lock live sessions that are idle or past their end, oldest first, leaving out those that others hold."""


class Roles(Protocol):
    async def of(self, user_id: UUID) -> tuple[str, ...]:
        """Return the roles that a user holds now; raises Unavailable when governance does not answer."""


class AccessTokens(Protocol):
    @property
    def life(self) -> timedelta: ...

    def issue(self, session: Session, *, roles: Sequence[str], factors: Factors, at: datetime) -> str:
        """Sign an access token (RFC 9068) of a session; raises Unavailable while no key is at hand.

        `factors` are the account's now, read no earlier than the session.
        """


class RefreshTokens(Protocol):
    def issue(self, *, session_id: UUID, user_id: UUID, generation: int) -> RefreshToken: ...

    def read(self, text: str) -> RefreshToken:
        """Read a token that we signed, spent or not; raises InvalidRefreshToken for any other."""

    def seal_successor(self, spent: RefreshToken, successor: RefreshToken) -> bytes:
        """Seal a successor so that only who holds the spent token can read it."""

    def open_successor(self, spent: RefreshToken, sealed: bytes) -> str: ...


class DeviceTokens(Protocol):
    def issue(self, device: Device) -> str:
        """Return what the device shows at its next sign-in to be taken for itself; the same until it is revoked."""

    def proves(self, text: str, *, user_id: UUID, device_id: UUID, known_since: datetime) -> bool: ...


class Attempts(Protocol):
    """How often a password may be tried within an hour, and how often wrongly in a row, however slowly.

    Attempts count against the account, whoever makes them, and failures against the address. A device that has proven
    itself known to the account counts for itself alone: no stranger can use up what its owner has there.
    """

    async def admit(self, account: str, ip: str, *, device: str | None = None) -> None:
        """Count an attempt; raises TooManyAttempts when there were too many."""

    async def fail(self, ip: str) -> None:
        """Count a failure against the address. A success counts nothing: a whole office may share one."""

    async def forget(self, account: str, ip: str, *, device: str | None = None) -> None:
        """Start counting the account's attempts anew after a success; of a known device only its own."""

    async def unlock(self, account: str, *, devices: Sequence[str] = ()) -> None:
        """Start counting an account's attempts anew, also those of `devices` known to it.

        Raises Unavailable when the counters cannot be reached.
        """


class Revocations(Protocol):
    async def add(self, session_id: UUID, *, ended_at: datetime) -> None:
        """Let every gateway refuse the session's access tokens; raises Unavailable when the list cannot be reached."""

    async def try_add(self, session_id: UUID, *, ended_at: datetime) -> None:
        """Do the same now if that is possible; the event does it for certain a moment later."""

    async def change_factors(self, user_id: UUID, factors: Factors, *, changed_at: datetime) -> None:
        """Let the user's access tokens of earlier versions prove nothing; raises Unavailable when the list cannot be reached."""

    async def try_change_factors(self, user_id: UUID, factors: Factors, *, changed_at: datetime) -> None:
        """Do the same now if that is possible; the event does it for certain a moment later."""


class Digests(Protocol):
    def __call__(self, text: str) -> bytes:
        """Return a keyed digest, which tells nothing of the text to who lacks the key."""
