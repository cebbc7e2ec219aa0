"""Signing out of other sessions than one's own, one or all of them."""

from dataclasses import dataclass
from uuid import UUID

from identity.application.assurance import require_recent
from identity.application.ports.authority import Authority
from identity.application.ports.permissions import UPDATE_ANY_USER, Permissions
from identity.application.ports.revocations import Revocations
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.sessions import audit
from identity.application.sessions.end_sessions import ACCESS_TOKEN_LIFE_MAX, end_all
from identity.domain.session import EndReason
from kernel.actor import Actor
from kernel.assurance import RECENT
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class SignOutEverywhere:
    """End all of the caller's sessions, or all but the one that asks; doing it again changes nothing."""

    uow: UnitOfWork
    revocations: Revocations
    clock: Clock

    async def __call__(self, *, actor: Actor, keep_current: bool) -> int:
        """Return how many sessions were ended."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            kept = actor.session_id if keep_current else None
            ended = await end_all(tx, actor.user_id, EndReason.SIGNED_OUT_EVERYWHERE, at, except_session=kept)
        for session in ended:
            await self.revocations.try_add(session.id, ended_at=at)
        return len(ended)


@dataclass(frozen=True, slots=True)
class RevokeSession:
    """End another session of the actor's, or with `user:update_any` any user's; doing it again changes nothing."""

    uow: UnitOfWork
    permissions: Permissions
    authority: Authority
    revocations: Revocations
    clock: Clock

    async def __call__(self, *, actor: Actor, session_id: UUID) -> None:
        """Raise NotFound for a session that is not the caller's; StepUpRequired, BeyondAuthority or Unavailable for another's."""
        at = self.clock.now()
        owner = await self._owner_of(actor, session_id)
        if owner != actor.user_id:
            RECENT.require(actor, at=at)
            await self.authority.require(actor_id=actor.user_id, subject_id=owner)
        async with self.uow.begin(actor) as tx:
            if owner != actor.user_id:
                await require_recent(tx, actor, at=at)
            session = await tx.sessions.lock(session_id)
            if session is None or not session.is_live:
                return
            before = audit.session_state(session)
            session.end(EndReason.REVOKED, at=at, access_token_life=ACCESS_TOKEN_LIFE_MAX)
            tx.record_bounded(audit.session_ended(session, before=before, at=at), account=session.user_id)
        await self.revocations.try_add(session_id, ended_at=at)

    async def _owner_of(self, actor: Actor, session_id: UUID) -> UUID:
        async with self.uow.begin(actor) as tx:
            session = await tx.sessions.lock(session_id)
            if session is None or not self._may_end(actor, session.user_id):
                raise NotFound(session_id=session_id)
            return session.user_id

    def _may_end(self, actor: Actor, owner: UUID) -> bool:
        return actor.user_id == owner or self.permissions.allows(actor, UPDATE_ANY_USER)
