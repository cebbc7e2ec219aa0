from dataclasses import dataclass
from uuid import UUID

from identity.application.ports.roles import Roles
from identity.application.ports.sessions import AccessTokens
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.sessions import audit
from identity.application.sessions.own_session import lock_own_session
from identity.application.sessions.step_up import FreshToken
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotAMember, NotFound


@dataclass(frozen=True, slots=True)
class SetSessionOrganization:
    """Choose the organization that the caller's session acts for, or None for the person alone. Answer with a new access token.

    Refreshed tokens keep the organization while the membership lasts. Access tokens of before keep theirs until they expire.
    """

    uow: UnitOfWork
    roles: Roles
    access_tokens: AccessTokens
    clock: Clock

    async def __call__(self, *, actor: Actor, session_id: UUID, organization_id: UUID | None) -> FreshToken:
        """Raise NotFound for another session, NotAMember, or Unavailable if governance does not answer."""
        if session_id != actor.session_id:
            raise NotFound(session_id=session_id)
        rights = await self.roles.rights_of(actor.user_id)
        if organization_id and organization_id not in rights.organization_ids:
            raise NotAMember(organization_id=organization_id)
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            user, session = await lock_own_session(tx, actor)
            if session.organization_id != organization_id:
                with tx.change(audit.ORGANIZATION, session, "set_organization", at=at):
                    session.act_for(organization_id)
        token = self.access_tokens.issue(session, roles=rights.roles, factors=user.factors, at=at)
        return FreshToken(token, int(self.access_tokens.life.total_seconds()))
