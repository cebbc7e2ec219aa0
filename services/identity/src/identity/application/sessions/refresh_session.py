from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from identity.application.factors.required_factors import RequiredFactors
from identity.application.ports.device_keys import DeviceProofs
from identity.application.ports.revocations import Revocations
from identity.application.ports.roles import Roles
from identity.application.ports.session_rules import SessionEnder, TokenPair
from identity.application.ports.sessions import AccessTokens, RefreshTokens
from identity.application.ports.unit_of_work import Transaction, UnitOfWork
from identity.application.sessions import audit
from identity.application.sessions.own_session import leave_ended_organization
from identity.domain.device_key import DeviceKey
from identity.domain.errors import DeviceProofRefused, InvalidRefreshToken, SessionExpired
from identity.domain.message import Template
from identity.domain.origin import Origin
from identity.domain.refresh_token import RefreshToken
from identity.domain.session import EndReason, Session, TokenUse
from kernel.actor import Actor, ActorKind
from kernel.clock import Clock
from kernel.errors import DomainError

_GENUINE = frozenset({TokenUse.CURRENT, TokenUse.TOO_SOON, TokenUse.RETRIED})
_REASONS = {
    TokenUse.REUSED: EndReason.REFRESH_REUSED,
    TokenUse.WRONG_DEVICE: EndReason.WRONG_DEVICE,
    TokenUse.IDLE: EndReason.IDLE,
}
# Ends that are not suspicious: the user only has to sign in again.
_OVER = frozenset({EndReason.IDLE, EndReason.FACTOR_REQUIRED})


@dataclass(frozen=True, slots=True)
class RefreshSession:
    """Exchange a refresh token for new tokens, as one operation on the locked session.

    If the same device repeats a used token within ten seconds, it gets the current token, however often the session was refreshed
    since: the response may have been lost, or another of its tabs was faster. Any other used token, or a token from another
    device, is considered stolen: it ends the session, and the owner is notified. If the device has a key, the key must sign each
    refresh. A refresh without a valid proof is refused and recorded, but ends nothing: the token is worthless without the key,
    and must not sign out the owner either. A session that was idle for `idle_for` ends, too, and so does a single-factor session
    whose user must have two by now.
    """

    uow: UnitOfWork
    roles: Roles
    access_tokens: AccessTokens
    refresh_tokens: RefreshTokens
    end_session: SessionEnder
    revocations: Revocations
    clock: Clock
    required: RequiredFactors
    proofs: DeviceProofs
    idle_for: timedelta = timedelta.max

    async def __call__(self, *, actor: Actor, refresh_token: str, device_id: UUID, proof: str | None = None) -> TokenPair:
        """Raise InvalidRefreshToken, SessionExpired, DeviceProofRefused, or Unavailable if governance is unavailable.

        `proof` is a DPoP proof (RFC 9449). If it is refused, or governance is unavailable, nothing is used up.
        """
        token = self.refresh_tokens.read(refresh_token)
        rights = await self.roles.rights_of(token.user_id)
        roles, at = rights.roles, self.clock.now()
        async with self.uow.begin(_as_user(actor, token, roles, device_id)) as tx:
            origin = Origin.of(actor.ip, actor.user_agent)
            session, outcome = await self._exchange(tx, token, device_id, roles, proof, origin, at)
            leave_ended_organization(tx, session, rights.organization_ids, at=at)
            factors = await tx.users.factors_of(session.user_id)
        # Raise it after the commit: an end or a refusal must be recorded.
        if isinstance(outcome, DomainError):
            raise outcome
        access_token = self.access_tokens.issue(session, roles=roles, factors=factors, at=at)
        expires_in = int(self.access_tokens.life.total_seconds())
        return TokenPair(access_token, outcome, expires_in, organization_id=session.organization_id)

    async def _exchange(
        self,
        tx: Transaction,
        token: RefreshToken,
        device_id: UUID,
        roles: tuple[str, ...],
        proof: str | None,
        origin: Origin,
        at: datetime,
    ) -> tuple[Session, str | DomainError]:
        """Return the current token, or why there is none."""
        found = await tx.sessions.lock_with_key(token.session_id)
        if found is None:
            raise InvalidRefreshToken(session_id=token.session_id)
        session, key = found
        # Check the proof before the token: without the key, a used token must not end the session.
        if session.is_live and key and (refusal := await self._check_proof(tx, key, proof, at)):
            # A thief of the token can present it without end.
            tx.tally(audit.refresh_refused(session, problem=str(refusal.facts["problem"]), at=at), user_id=session.user_id)
            return session, refusal
        before = audit.SESSION.state(session)
        outcome = await self._use(tx, session, token, device_id, roles, origin, at)
        if key and audit.SESSION.state(session) == before:
            # A retry does not change the session, but its proof is used.
            retried = audit.SESSION.fact(session, "refresh", at=at, before=before, after=before)
            tx.record_bounded(retried, user_id=session.user_id)
        return session, outcome

    async def _check_proof(self, tx: Transaction, key: DeviceKey, proof: str | None, at: datetime) -> DeviceProofRefused | None:
        if proof is None:
            return DeviceProofRefused(problem="missing")
        try:
            used = self.proofs.check(proof, key, at=at)
        except DeviceProofRefused as refusal:
            return refusal
        return None if await tx.device_keys.use_proof(key.id, used) else DeviceProofRefused(problem="used")

    async def _use(
        self,
        tx: Transaction,
        session: Session,
        token: RefreshToken,
        device_id: UUID,
        roles: tuple[str, ...],
        origin: Origin,
        at: datetime,
    ) -> str | DomainError:
        token_use = session.present(token, device_id=device_id, at=at, idle_for=self.idle_for)
        lacking = not session.has_shown_two_factors and self.required.requires_two(session.user_id, roles)
        if lacking and token_use in _GENUINE:
            return await self._end(tx, session, EndReason.FACTOR_REQUIRED, at)
        if token_use is TokenUse.RETRIED:
            return self._current(session, token)
        if token_use is TokenUse.TOO_SOON:
            return token.text
        if token_use is TokenUse.CURRENT:
            return await self._rotate(tx, session, token, origin, at)
        return await self._end(tx, session, _REASONS.get(token_use, EndReason.REFRESH_REUSED), at)

    async def _rotate(self, tx: Transaction, session: Session, token: RefreshToken, origin: Origin, at: datetime) -> str:
        successor = self.refresh_tokens.issue(session_id=session.id, user_id=session.user_id, generation=session.generation + 1)
        sealed = self.refresh_tokens.seal_successor(token, successor)
        seen_from = await tx.sessions.seal_origin(session.user_id, session.id, origin)
        with tx.change_bounded(audit.SESSION, session, "refresh", at=at, user_id=session.user_id):
            session.rotate(successor, sealed=sealed, at=at, seen_from=seen_from)
        return successor.text

    def _current(self, session: Session, used: RefreshToken) -> str:
        """Open the chain of successors from a used token to the current one."""
        token = used
        for sealed in session.successors_of(used):
            token = self.refresh_tokens.read(self.refresh_tokens.open_successor(token, sealed))
        return token.text

    async def _end(self, tx: Transaction, session: Session, reason: EndReason, at: datetime) -> DomainError:
        if reason in _OVER:
            self.end_session(tx, session, reason, at=at)
            return SessionExpired(session_id=session.id)
        with tx.change_bounded(audit.SESSION, session, "refresh_reused", at=at, reason=reason.value, user_id=session.user_id):
            session.end(reason, at=at, access_token_life=self.access_tokens.life)
        tx.after_commit(partial(self.revocations.try_add, session.id, ended_at=at))
        await tx.messages.send(session.user_id, Template.SESSION_COMPROMISED)
        return InvalidRefreshToken(session_id=session.id)


def _as_user(actor: Actor, token: RefreshToken, roles: tuple[str, ...], device_id: UUID) -> Actor:
    return replace(
        actor,
        kind=ActorKind.USER,
        subject_id=str(token.user_id),
        roles=frozenset(roles),
        session_id=token.session_id,
        device_id=str(device_id),
    )
