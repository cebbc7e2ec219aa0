from collections.abc import Sequence
from dataclasses import dataclass

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.pages import PER_PAGE_MAX, PageRequest
from payments.application.pricing.queries import PricingQueries
from payments.domain.limits import STANDARD_TIER, Allowance, Spending, TierLimits


@dataclass(frozen=True, slots=True)
class MyLimits:
    tier: str
    allowances: Sequence[Allowance]


@dataclass(frozen=True, slots=True)
class ListMyLimits:
    """List what the caller has spent and may still spend, in each currency that is limited or that they have a wallet in."""

    queries: PricingQueries
    clock: Clock

    async def __call__(self, *, actor: Actor) -> MyLimits:
        at = self.clock.now()
        assigned = await self.queries.tier(actor.user_id)
        tier = assigned.tier if assigned else STANDARD_TIER
        page = await self.queries.limits(PageRequest(per_page=PER_PAGE_MAX), at=at, tier=tier)
        limits = TierLimits(tier, [recorded.item for recorded in page.items])
        spendings = {spending.currency: spending for spending in await self.queries.spendings(actor.user_id)}
        for limit in page.items:
            spendings.setdefault(limit.item.currency, Spending.none(actor.user_id, limit.item.currency, at))
        return MyLimits(tier, [limits.allowance(spendings[currency], at) for currency in sorted(spendings)])
