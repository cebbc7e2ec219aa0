"""The ports of sessions."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from identity.domain.device_key import DeviceKey
from identity.domain.origin import Origin
from identity.domain.refresh_token import RefreshToken
from identity.domain.session import Session
from kernel.assurance import Factors


class SessionRepository(Protocol):
    async def add(self, session: Session) -> None:
        """Add a session. Its device's previous session must have ended."""

    async def lock(self, session_id: UUID) -> Session | None:
        """Find a session and lock it until the transaction ends."""

    async def lock_with_key(self, session_id: UUID) -> tuple[Session, DeviceKey | None] | None:
        """Find a session and the live key of its device. Lock only the session."""

    async def seal_origin(self, user_id: UUID, session_id: UUID, origin: Origin) -> bytes | None:
        """Seal the origin of a session under its user's key. Return None if the key is gone."""

    async def lock_all_live(self, user_id: UUID) -> Sequence[Session]:
        """Find and lock a user's live sessions, in id order. Call this only under the user's lock."""

    async def lock_live(self, user_id: UUID, device_id: UUID) -> Session | None:
        """Find and lock the device's live session. Call this only under its user's lock, or a new one may start meanwhile."""

    async def lock_overdue(self, *, at: datetime, idle_for: timedelta, limit: int) -> Sequence[Session]:
        """Find and lock live sessions that are idle or expired, oldest first. Skip sessions that others have locked."""


class AccessTokens(Protocol):
    @property
    def life(self) -> timedelta: ...

    def issue(self, session: Session, *, roles: Sequence[str], factors: Factors, at: datetime) -> str:
        """Sign an access token (RFC 9068) of a session. Raise Unavailable if no signing key is loaded.

        `factors` are the account's current ones, read no earlier than the session.
        """


class RefreshTokens(Protocol):
    def issue(self, *, session_id: UUID, user_id: UUID, generation: int) -> RefreshToken: ...

    def read(self, text: str) -> RefreshToken:
        """Read a token that we signed, used or not. Raise InvalidRefreshToken for any other."""

    def seal_successor(self, spent: RefreshToken, successor: RefreshToken) -> bytes:
        """Seal a successor so that only the holder of the used token can read it."""

    def open_successor(self, spent: RefreshToken, sealed: bytes) -> str: ...
