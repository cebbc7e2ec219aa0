from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from governance.application import facts
from governance.application.ports import Transaction, UnitOfWork
from governance.domain.errors import LastAdministrator
from governance.domain.events import ErasureAcknowledged
from governance.domain.role_holder import RoleHolder
from kernel.actor import Actor
from kernel.clock import Clock

LAST_ADMINISTRATOR: Final = "role admin: nobody else holds it"


@dataclass(frozen=True, slots=True)
class AcknowledgeErasure:
    """Take every role, and what was noted beside it, from a subject that is erased, and tell identity.

    Governance knows a subject by its id alone. Asked again it answers again, and nothing is left to take.
    """

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, erasure_id: UUID, user_id: UUID) -> None:
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            # Every role first, in order of name, as whoever revokes one does; the holder after them.
            for role in sorted(await tx.roles.all(), key=lambda role: role.name):
                await tx.roles.lock(role.name)
            holder = await tx.holders.lock(user_id)
            kept = await self._take_all(tx, holder, at) if holder else ()
            tx.record(facts.erasure_acknowledged(user_id, erasure_id, kept, at=at))
            tx.announce(ErasureAcknowledged(occurred_at=at, erasure_id=erasure_id, user_id=user_id, kept=kept))

    async def _take_all(self, tx: Transaction, holder: RoleHolder, at: datetime) -> tuple[str, ...]:
        kept = []
        for role in holder.roles:
            before = holder.roles
            try:
                holder.revoke(role, at=at, holders=await tx.holders.count(role))
            except LastAdministrator:
                kept.append(LAST_ADMINISTRATOR)
                continue
            tx.record(facts.roles_changed("revoke", holder, role, before=before, at=at, reason="erased"))
        return tuple(kept)
