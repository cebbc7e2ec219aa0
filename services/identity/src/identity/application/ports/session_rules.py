"""The rules of sessions that other nouns apply: how a session starts and ends, and what it may claim."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from identity.application.ports.unit_of_work import Transaction
from identity.domain.session import EndReason, Session
from identity.domain.user import User
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class TokenPair:
    """`expires_in` is the access token's life in seconds. `device_token` comes with a sign-in, not with a refresh.

    `organization_id` is the organization that the access token acts for.
    """

    access_token: str
    refresh_token: str
    expires_in: int
    device_token: str | None = None
    organization_id: UUID | None = None

    def __repr__(self) -> str:
        # Keep tokens out of logs and tracebacks.
        return f"TokenPair(expires_in={self.expires_in})"


class SessionStarter(Protocol):
    async def __call__(
        self,
        *,
        actor: Actor,
        user_id: UUID,
        device_id: UUID,
        methods: tuple[str, ...],
        confirm: Callable[[User], None],
        passkey_id: UUID | None = None,
        proven_since: datetime | None = None,
        known_device: bool = False,
    ) -> TokenPair:
        """Start a session for an authenticated user (sessions/start_session.py)."""


class SessionEnder(Protocol):
    def __call__(self, tx: Transaction, session: Session, reason: EndReason, *, at: datetime) -> None:
        """End a locked session in the caller's transaction. After the commit, gateways refuse its access tokens."""


class UserSessionsEnder(Protocol):
    async def __call__(
        self, tx: Transaction, user_id: UUID, reason: EndReason, *, at: datetime, except_session: UUID | None = None
    ) -> int:
        """End a user's live sessions in the caller's transaction. Return how many were ended.

        Gateways refuse their access tokens once the transaction is committed.
        """


class ProofWithdrawer(Protocol):
    async def __call__(self, tx: Transaction, user_id: UUID, *, codes: bool, passkey_id: UUID | None, at: datetime) -> int:
        """Remove codes, or a passkey, from the proofs of a user's live sessions. Return how many ended, left without a proof."""
