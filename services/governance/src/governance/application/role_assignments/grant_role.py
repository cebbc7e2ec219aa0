from dataclasses import dataclass
from uuid import UUID

from governance.application.ports.subjects import Subjects
from governance.application.ports.transaction import UnitOfWork
from governance.application.role_assignments import audit
from governance.application.standings.authority import require_authority_over, require_own_permissions
from governance.domain.errors import InactiveSubject, SelfGrant, UnknownRole
from governance.domain.role_holder import RoleAssignment, RoleHolder
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class GrantOutcome:
    """`created` is False if the subject has the role already. `assignment` is then the existing one."""

    assignment: RoleAssignment
    created: bool


@dataclass(frozen=True, slots=True)
class GrantRole:
    """Assign a role to a subject that is active in identity. Granting it again changes nothing.

    Raises BeyondOwnPermissions if the role, or BeyondAuthority if the subject, has permissions that the actor lacks.
    """

    uow: UnitOfWork
    subjects: Subjects
    clock: Clock

    async def __call__(self, *, actor: Actor, subject_id: UUID, role: str, reason: str | None = None) -> GrantOutcome:
        if actor.subject_id == str(subject_id):
            raise SelfGrant(subject_id=subject_id, role=role)
        if not await self.subjects.is_active(subject_id):
            raise InactiveSubject(field="subject_id", subject_id=subject_id)
        async with self.uow.begin(actor) as tx:
            await tx.standings.guard()
            found = await tx.roles.find(role)
            if not found:
                raise UnknownRole(field="role", role=role)
            await require_own_permissions(tx, actor, role, found.permission_names)
            holder = await tx.holders.lock(subject_id)
            await require_authority_over(tx, actor, subject_id)
            at = self.clock.now()
            if holder and (earlier := holder.assignments.get(role)):
                # The response shows the assignment, and no other audit fact records that it was read.
                tx.record(audit.read_of_roles(subject_id).fact(at=at))
                return GrantOutcome(earlier, created=False)
            if holder is None:
                holder = RoleHolder.register(subject_id)
                # Store a holder only with a role: an unregistered subject has the default role.
                tx.holders.add(holder)
            with tx.change(audit.assignment_of(role), holder, "grant", at=at, reason=reason):
                holder.grant(role, by=actor.subject_id, at=at, reason=reason)
            return GrantOutcome(holder.assignments[role], created=True)
