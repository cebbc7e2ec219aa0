from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.reads import Reads
from payments.application.pricing import facts
from payments.application.pricing.queries import PricingQueries, TierView


@dataclass(frozen=True, slots=True)
class ReadTier:
    """Read the tier assigned to an owner; reading another's is recorded. The caller has `policy:manage`."""

    queries: PricingQueries
    reads: Reads

    async def __call__(self, *, actor: Actor, owner_id: UUID) -> TierView | None:
        """Return None for the standard one, where none was assigned."""
        assigned = await self.queries.tier(owner_id)
        if owner_id != actor.user_id:
            await self.reads.record(actor, facts.tier_read(owner_id))
        return assigned
