from dataclasses import dataclass
from uuid import UUID

from governance.application.ports.transaction import UnitOfWork
from governance.application.role_assignments import audit
from governance.application.standings.authority import require_authority_over
from governance.application.standings.role_management import role_management_kept
from governance.domain.errors import UnknownRole
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class RevokeRole:
    """Revoke a role of a subject and return the remaining roles. Revoking it again changes nothing.

    Raises BeyondAuthority if the subject has permissions that the actor lacks, and LastAdministrator if nobody who is able to
    act could manage roles afterwards. Actors may revoke their own roles.

    Identity is not asked: revoking must work for suspended and deleted subjects, and while identity is unavailable.
    """

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, subject_id: UUID, role: str, reason: str | None = None) -> tuple[str, ...]:
        async with self.uow.begin(actor) as tx, role_management_kept(tx):
            if not await tx.roles.lock(role):
                raise UnknownRole(field="role", role=role)
            holder = await tx.holders.lock(subject_id)
            at = self.clock.now()
            if holder:
                await require_authority_over(tx, actor, subject_id)
            if holder and role in holder.assignments:
                with tx.change(audit.assignment_of(role), holder, "revoke", at=at, reason=reason):
                    holder.revoke(role, at=at)
            elif actor.subject_id != str(subject_id):
                # The response shows the subject's roles, and no other audit fact records that they were read.
                tx.record(audit.read_of_roles(subject_id).fact(at=at))
            return holder.roles if holder else ()
