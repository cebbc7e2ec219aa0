from dataclasses import dataclass
from typing import Final
from uuid import UUID

from governance.application.ports.transaction import UnitOfWork
from governance.application.role_assignments.limited import revoke_limited
from governance.application.role_assignments.views import LimitedRoleViews
from kernel.actor import Actor
from kernel.clock import Clock

BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class EndLimitedRoles:
    """Remove the limited roles whose end has come, each with its audit fact and event. Services stop counting them by themselves.

    Nobody loses the last role that manages roles by this: one with an end does not count as such.
    """

    uow: UnitOfWork
    limited: LimitedRoleViews
    clock: Clock

    async def __call__(self, *, actor: Actor) -> int:
        """Return how many were removed."""
        removed, after, at = 0, UUID(int=0), self.clock.now()
        while subjects := await self.limited.ended(at, after=after, limit=BATCH):
            for subject_id in subjects:
                removed += await self._end(actor, subject_id)
            after = subjects[-1]
        return removed

    async def _end(self, actor: Actor, subject_id: UUID) -> int:
        async with self.uow.begin(actor) as tx:
            await tx.standings.guard()
            holder = await tx.limited_holders.lock(subject_id)
            at = self.clock.now()
            ended = list(holder.ended(at)) if holder else []
            for assignment in ended:
                if holder:
                    revoke_limited(tx, holder, assignment, "expire", at=at, reason="its end has come")
            return len(ended)
