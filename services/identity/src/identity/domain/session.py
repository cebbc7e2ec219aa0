"""A session: one device's chain of refresh tokens, each spent once (RFC 9700 section 4.14.2)."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

from identity.domain.errors import InvalidRefreshToken, SessionExpired
from identity.domain.events import SessionEnded
from kernel.events import Aggregate

# A client that never received our answer asks again with the spent token; who asks later has a stolen one.
RETRY_SECONDS_MAX = 10
# Of one user, each on a device of its own; whoever has more is no person with devices.
LIVE_MAX = 100


class EndReason(StrEnum):
    SIGNED_OUT = "signed_out"
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
    REVOKED = "revoked"
    DEVICE_REVOKED = "device_revoked"
    IDLE = "idle"
    EXPIRED = "expired"
    REPLACED = "replaced"
    TOO_MANY = "too_many"
    REFRESH_REUSED = "refresh_reused"
    WRONG_DEVICE = "wrong_device"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # a reason's name
    FACTOR_CHANGED = "factor_changed"
    FACTOR_REQUIRED = "factor_required"
    SUSPENDED = "suspended"
    DELETED = "deleted"
    ERASURE = "erasure"
    RECOVERED = "recovered"


class Presented(StrEnum):
    """What a genuine refresh token turned out to be."""

    CURRENT = "current"
    IDLE = "idle"
    RETRIED = "retried"
    REUSED = "reused"
    WRONG_DEVICE = "wrong_device"


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token that we signed: whose it is, and which of the session's chain. `digest` is its SHA-256."""

    text: str
    session_id: UUID
    user_id: UUID
    generation: int
    digest: bytes


@dataclass(eq=False)
class Session(Aggregate):
    """`generation` orders the chain, never a clock. `expires_at` is absolute: refreshing does not move it.

    `sealed_successor` is the current refresh token, readable only with the spent one before it.
    """

    id: UUID
    user_id: UUID
    device_id: UUID
    generation: int
    current_digest: bytes
    previous_digest: bytes | None
    sealed_successor: bytes | None
    rotated_at: datetime | None
    authenticated_at: datetime
    methods: tuple[str, ...]
    started_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    end_reason: str | None = None

    @classmethod
    def start(cls, first: RefreshToken, *, device_id: UUID, methods: tuple[str, ...], at: datetime, life: timedelta) -> Self:
        return cls(
            id=first.session_id,
            user_id=first.user_id,
            device_id=device_id,
            generation=first.generation,
            current_digest=first.digest,
            previous_digest=None,
            sealed_successor=None,
            rotated_at=None,
            authenticated_at=at,
            methods=methods,
            started_at=at,
            expires_at=at + life,
        )

    @property
    def is_live(self) -> bool:
        return self.ended_at is None

    @property
    def last_active_at(self) -> datetime:
        """When the device last showed that it is in use: by signing in, refreshing, or proving again who holds it."""
        return max(self.rotated_at or self.started_at, self.authenticated_at)

    def overdue(self, *, at: datetime, idle_for: timedelta) -> EndReason | None:
        """Tell why the session should be over by now, None when it should not."""
        if at >= self.expires_at:
            return EndReason.EXPIRED
        return EndReason.IDLE if at - self.last_active_at >= idle_for else None

    def present(self, token: RefreshToken, *, device_id: UUID, at: datetime, idle_for: timedelta = timedelta.max) -> Presented:
        """Tell what a presented token is; raises InvalidRefreshToken when the session is over, SessionExpired at its end."""
        if not self.is_live or token.session_id != self.id:
            raise InvalidRefreshToken(session_id=self.id)
        if at >= self.expires_at:
            raise SessionExpired(session_id=self.id)
        if device_id != self.device_id:
            return Presented.WRONG_DEVICE
        if token.generation == self.generation and hmac.compare_digest(token.digest, self.current_digest):
            return Presented.IDLE if self.overdue(at=at, idle_for=idle_for) else Presented.CURRENT
        return Presented.RETRIED if self._is_retry(token, at) else Presented.REUSED

    def rotate(self, successor: RefreshToken, *, sealed: bytes, at: datetime) -> None:
        """Spend the current token; its successor is the current one from now on."""
        if not self.is_live or successor.generation != self.generation + 1:
            raise InvalidRefreshToken(session_id=self.id)
        self.previous_digest, self.current_digest = self.current_digest, successor.digest
        self.generation = successor.generation
        self.sealed_successor = sealed
        self.rotated_at = at

    def prove_again(self, methods: tuple[str, ...], *, at: datetime) -> None:
        """Note that the user has just proven anew who they are; tokens from now on say so."""
        if not self.is_live:
            raise InvalidRefreshToken(session_id=self.id)
        self.authenticated_at = at
        self.methods = tuple(dict.fromkeys((*self.methods, *methods)))

    def end(self, reason: EndReason, *, at: datetime, access_token_life: timedelta) -> None:
        """End the session for good; ending it again changes nothing."""
        if not self.is_live:
            return
        self.ended_at, self.end_reason = at, reason.value
        self.sealed_successor = None
        self.announce(
            SessionEnded(
                occurred_at=at,
                session_id=self.id,
                user_id=self.user_id,
                tokens_valid_until=at + access_token_life,
                reason=reason.value,
            )
        )

    def _is_retry(self, token: RefreshToken, at: datetime) -> bool:
        return (
            self.rotated_at is not None
            and self.previous_digest is not None
            and token.generation == self.generation - 1
            and hmac.compare_digest(token.digest, self.previous_digest)
            and at - self.rotated_at <= timedelta(seconds=RETRY_SECONDS_MAX)
        )
