"""What signing in and sessions need of the world."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from identity.domain.device_key import DeviceKey
from identity.domain.origin import Origin
from identity.domain.refresh_token import RefreshToken
from identity.domain.session import Session
from kernel.assurance import Factors


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
