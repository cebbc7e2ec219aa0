from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from identity.application.factors.required_factors import RequiredFactors
from identity.application.ports.sessions import AccessTokens, RefreshTokens, Revocations, Roles
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.sessions import facts
from identity.application.sessions.token_pair import TokenPair
from identity.domain.errors import InvalidRefreshToken, SessionExpired
from identity.domain.message import Template
from identity.domain.refresh_token import RefreshToken
from identity.domain.session import EndReason, Presented, Session
from kernel.actor import Actor, ActorKind
from kernel.audit import State
from kernel.clock import Clock

_GENUINE = frozenset({Presented.CURRENT, Presented.TOO_SOON, Presented.RETRIED})
_REASONS = {
    Presented.REUSED: EndReason.REFRESH_REUSED,
    Presented.WRONG_DEVICE: EndReason.WRONG_DEVICE,
    Presented.IDLE: EndReason.IDLE,
}
# Nobody is suspected then: signing in again is all it takes.
_OVER = frozenset({EndReason.IDLE, EndReason.FACTOR_REQUIRED})


@dataclass(frozen=True, slots=True)
class RefreshSession:
    """Spend a refresh token for the next pair, as one operation on the locked session.

    The same device that shows a used token again within ten seconds gets the token that is current by now, however often the
    session was refreshed since: its answer may have been lost, or another of its tabs was faster. A used token otherwise, or
    one from another device, is a stolen one: it ends the session, and its owner is notified.
    A session that was left alone for `idle_for` ends too, and one of a single factor whose user must have two by now.
    """

    uow: UnitOfWork
    roles: Roles
    access_tokens: AccessTokens
    refresh_tokens: RefreshTokens
    revocations: Revocations
    clock: Clock
    required: RequiredFactors
    idle_for: timedelta = timedelta.max

    async def __call__(self, *, actor: Actor, refresh_token: str, device_id: UUID) -> TokenPair:
        """Raise InvalidRefreshToken, SessionExpired, or Unavailable when governance is away (nothing is spent then)."""
        token = self.refresh_tokens.read(refresh_token)
        roles = await self.roles.of(token.user_id)
        at = self.clock.now()
        async with self.uow.begin(_bearer(actor, token, roles, device_id)) as tx:
            session, successor = await self._spend(tx, token, device_id, roles, at)
            second_factor = await tx.users.has_second_factor(session.user_id)
        if successor is None:
            await self.revocations.try_add(session.id, ended_at=at)
            over = session.end_reason in _OVER
            raise SessionExpired(session_id=session.id) if over else InvalidRefreshToken(session_id=session.id)
        access_token = self.access_tokens.issue(session, roles=roles, second_factor=second_factor, at=at)
        return TokenPair(access_token, successor, int(self.access_tokens.life.total_seconds()))

    async def _spend(
        self, tx: Transaction, token: RefreshToken, device_id: UUID, roles: tuple[str, ...], at: datetime
    ) -> tuple[Session, str | None]:
        """Return the successor's text; None when the session had to be ended, which must be committed before it is told."""
        session = await tx.sessions.lock(token.session_id)
        if session is None:
            raise InvalidRefreshToken(session_id=token.session_id)
        before = facts.session_state(session)
        presented = session.present(token, device_id=device_id, at=at, idle_for=self.idle_for)
        lacking = not session.has_shown_two_factors and self.required.two(roles)
        if lacking and presented in _GENUINE:
            return await self._end(tx, session, EndReason.FACTOR_REQUIRED, before, at)
        if presented is Presented.RETRIED:
            return session, self._current(session, token)
        if presented is Presented.TOO_SOON:
            return session, token.text
        if presented is Presented.CURRENT:
            successor = self.refresh_tokens.issue(
                session_id=session.id, user_id=session.user_id, generation=session.generation + 1
            )
            session.rotate(successor, sealed=self.refresh_tokens.seal_successor(token, successor), at=at)
            tx.record(facts.session_refreshed(session, before=before, at=at))
            return session, successor.text
        return await self._end(tx, session, _REASONS.get(presented, EndReason.REFRESH_REUSED), before, at)

    def _current(self, session: Session, used: RefreshToken) -> str:
        """Open the chain from a used token to the one that is current."""
        token = used
        for sealed in session.successors_of(used):
            token = self.refresh_tokens.read(self.refresh_tokens.open_successor(token, sealed))
        return token.text

    async def _end(
        self, tx: Transaction, session: Session, reason: EndReason, before: State, at: datetime
    ) -> tuple[Session, None]:
        session.end(reason, at=at, access_token_life=self.access_tokens.life)
        if reason in _OVER:
            tx.record(facts.session_ended(session, before=before, at=at))
        else:
            await tx.messages.send(session.user_id, Template.SESSION_COMPROMISED)
            tx.record(facts.refresh_reused(session, before=before, at=at))
        return session, None


def _bearer(actor: Actor, token: RefreshToken, roles: tuple[str, ...], device_id: UUID) -> Actor:
    return replace(
        actor,
        kind=ActorKind.USER,
        subject_id=str(token.user_id),
        roles=frozenset(roles),
        session_id=token.session_id,
        device_id=str(device_id),
    )
