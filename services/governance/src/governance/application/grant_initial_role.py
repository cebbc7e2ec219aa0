from dataclasses import dataclass
from uuid import UUID

from governance.application import facts
from governance.application.ports import UnitOfWork
from governance.domain.errors import UnknownRole
from governance.domain.role_holder import RoleHolder
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class GrantInitialRole:
    """Answer identity's announcement of a new subject with its first role, the default one unless identity names another.

    A subject is answered once: announced again, even years later, it gets back nothing that was revoked since.
    """

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, subject_id: UUID, role: str | None = None) -> None:
        async with self.uow.begin(actor) as tx:
            first = await tx.roles.find(role) if role else await tx.roles.default()
            if not first:
                raise UnknownRole(field="role", role=role)
            holder = await tx.holders.lock(subject_id)
            if holder and holder.welcomed_at:
                return
            if holder is None:
                holder = RoleHolder.meet(subject_id)
                tx.holders.add(holder)
            before, at = holder.roles, self.clock.now()
            holder.welcome(first.name, by=actor.subject_id, at=at)
            tx.record(facts.roles_changed("grant", holder, first.name, before=before, at=at, reason="registered"))
