from dataclasses import dataclass
from uuid import UUID

from governance.application.ports.transaction import UnitOfWork
from governance.application.role_assignments import audit
from governance.domain.errors import UnknownRole
from governance.domain.role_holder import RoleHolder
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class GrantInitialRole:
    """Assign its first role to a subject that identity announces: the role that identity names, or the default role.

    It happens once per subject: a repeated announcement, even years later, does not restore revoked roles.
    """

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, subject_id: UUID, role: str | None = None) -> None:
        """Raise UnknownRole."""
        async with self.uow.begin(actor) as tx:
            first = await tx.roles.find(role) if role else await tx.roles.default()
            if not first:
                raise UnknownRole(field="role", role=role)
            holder = await tx.holders.lock(subject_id)
            if holder and holder.welcomed_at:
                return
            if holder is None:
                holder = RoleHolder.register(subject_id)
                tx.holders.add(holder)
            at = self.clock.now()
            with tx.change(audit.assignment_of(first.name), holder, "grant", at=at, reason="registered"):
                holder.welcome(first.name, by=actor.subject_id, at=at)
