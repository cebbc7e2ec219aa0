from dataclasses import dataclass, replace
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import InvalidValue, StaleVersion, VersionRequired
from payments.application.ports.prices import PricingUnitOfWork
from payments.application.pricing import facts
from payments.application.pricing.queries import TierView
from payments.domain.events import TierAssigned
from payments.domain.limits import STANDARD_TIER, require_tier


@dataclass(frozen=True, slots=True)
class AssignTier:
    """Put an owner into a tier, whose limits hold from the next transfer on.

    Assigning it again changes nothing, and is on record as a read.

    Only into one that has limits, or back into the standard one: a misspelt tier would have none, and set its owner free.
    """

    uow: PricingUnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, owner_id: UUID, tier: str, version: int | None, reason: str) -> TierView:
        async with self.uow.begin(actor) as tx:
            now = self.clock.now()
            standing = await tx.tiers.lock(owner_id) or TierView(owner_id, STANDARD_TIER, 0, "", now)
            if version is None:
                raise VersionRequired(owner_id=owner_id)
            if standing.version != version:
                raise StaleVersion(field="If-Match", owner_id=owner_id, version=standing.version)
            if standing.version and standing.tier == tier:
                # The answer shows it, and leaves no other fact.
                if owner_id != actor.user_id:
                    tx.record(facts.tier_read(owner_id).fact(at=now))
                return standing
            if tier != STANDARD_TIER and not await tx.tiers.is_limited(require_tier(tier), now):
                raise InvalidValue(field="tier", expected="a tier that has limits", given=tier)
            assigned = replace(
                standing,
                tier=tier,
                version=standing.version + 1,
                assigned_by=actor.subject_id,
                assigned_at=now,
            )
            await tx.tiers.save(assigned)
            tx.record(facts.tier_assigned(assigned, standing.tier, at=now, reason=reason))
            tx.announce(TierAssigned(occurred_at=now, owner_id=owner_id, tier=tier))
            return assigned
