from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.reads import Reads
from payments.application.limits import audit
from payments.application.limits.views import LimitViews
from payments.application.ports.limits import AssignedTier


@dataclass(frozen=True, slots=True)
class GetTier:
    """Get the tier assigned to an owner; reading another's is recorded. The route requires `policy:manage`."""

    views: LimitViews
    reads: Reads

    async def __call__(self, *, actor: Actor, owner_id: UUID) -> AssignedTier | None:
        """Return None for the standard one, where none was assigned."""
        assigned = await self.views.tier_of(owner_id)
        if owner_id != actor.user_id:
            await self.reads.record(actor, audit.tier_read(owner_id))
        return assigned
