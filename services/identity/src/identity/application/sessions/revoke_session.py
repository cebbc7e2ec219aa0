from dataclasses import dataclass
from uuid import UUID

from identity.application.assurance import require_recent
from identity.application.ports.authority import Authority
from identity.application.ports.permissions import UPDATE_ANY_USER, Permissions
from identity.application.ports.session_rules import SessionEnder
from identity.application.ports.unit_of_work import UnitOfWork
from identity.domain.session import EndReason
from kernel.actor import Actor
from kernel.assurance import RECENT
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class RevokeSession:
    """End another session of the caller, or with `user:update_any` a session of any user. Repeating it changes nothing."""

    uow: UnitOfWork
    permissions: Permissions
    authority: Authority
    end_session: SessionEnder
    clock: Clock

    async def __call__(self, *, actor: Actor, session_id: UUID) -> None:
        """Raise NotFound if the caller may not end it; StepUpRequired, BeyondAuthority or Unavailable for another user's."""
        at = self.clock.now()
        owner = await self._owner_of(actor, session_id)
        if owner != actor.user_id:
            RECENT.require(actor, at=at)
            await self.authority.require(actor_id=actor.user_id, subject_id=owner)
        async with self.uow.begin(actor) as tx:
            if owner != actor.user_id:
                await require_recent(tx, actor, at=at)
            session = await tx.sessions.lock(session_id)
            if session and session.is_live:
                self.end_session(tx, session, EndReason.REVOKED, at=at)

    async def _owner_of(self, actor: Actor, session_id: UUID) -> UUID:
        async with self.uow.begin(actor) as tx:
            session = await tx.sessions.lock(session_id)
            if session is None or not self._may_end(actor, session.user_id):
                raise NotFound(session_id=session_id)
            return session.user_id

    def _may_end(self, actor: Actor, owner: UUID) -> bool:
        return actor.user_id == owner or self.permissions.allows(actor, UPDATE_ANY_USER)
