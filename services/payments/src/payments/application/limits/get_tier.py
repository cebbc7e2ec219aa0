from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.reads import Reads
from payments.application.limits import audit
from payments.application.limits.views import LimitViews
from payments.application.ports.limits import AssignedTier


@dataclass(frozen=True, slots=True)
class GetTier:
    """Get the tier assigned to an owner. Reads of another owner's tier are recorded. The route requires `policy:manage`."""

    views: LimitViews
    reads: Reads

    async def __call__(self, *, actor: Actor, owner_id: UUID) -> AssignedTier | None:
        """Return None if none was assigned: the standard tier applies."""
        assigned = await self.views.tier_of(owner_id)
        if owner_id != actor.acts_for:
            await self.reads.record(actor, audit.tier_read(owner_id))
        return assigned
