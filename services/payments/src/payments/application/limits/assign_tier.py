from dataclasses import dataclass, replace
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import InvalidValue, StaleVersion, VersionRequired
from payments.application.limits import audit
from payments.application.ports.limits import AssignedTier
from payments.application.ports.prices import PricingUnitOfWork
from payments.domain.events import TierAssigned
from payments.domain.limits import STANDARD_TIER, require_tier


@dataclass(frozen=True, slots=True)
class AssignTier:
    """Assign an owner to a tier, whose limits apply from the next transfer.

    The tier must have limits or be the standard one: a misspelt tier would have none, and its owner would be unlimited.
    Assigning the same tier again changes nothing and is recorded as a read.
    """

    uow: PricingUnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, owner_id: UUID, tier: str, version: int | None, reason: str) -> AssignedTier:
        async with self.uow.begin(actor) as tx:
            now = self.clock.now()
            assigned_before = await tx.tiers.lock(owner_id) or AssignedTier(owner_id, STANDARD_TIER, 0, "", now)
            if version is None:
                raise VersionRequired(owner_id=owner_id)
            if assigned_before.version != version:
                raise StaleVersion(field="If-Match", owner_id=owner_id, version=assigned_before.version)
            if assigned_before.version and assigned_before.tier == tier:
                # The response shows the tier, and no other fact is recorded.
                if owner_id != actor.acts_for:
                    tx.record(audit.tier_read(owner_id).fact(at=now))
                return assigned_before
            if tier != STANDARD_TIER and not await tx.tiers.is_limited(require_tier(tier), now):
                raise InvalidValue(field="tier", expected="a tier that has limits", given=tier)
            assigned = replace(
                assigned_before,
                tier=tier,
                version=assigned_before.version + 1,
                assigned_by=actor.subject_id,
                assigned_at=now,
            )
            await tx.tiers.save(assigned)
            tx.record(audit.tier_assigned(assigned, assigned_before.tier, at=now, reason=reason))
            tx.announce(TierAssigned(occurred_at=now, owner_id=owner_id, tier=tier))
            return assigned
