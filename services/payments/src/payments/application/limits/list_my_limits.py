from collections.abc import Sequence
from dataclasses import dataclass

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.pages import PER_PAGE_MAX, PageRequest
from payments.application.limits.views import LimitViews
from payments.domain.limits import STANDARD_TIER, Allowance, Spending, TierLimits


@dataclass(frozen=True, slots=True)
class MyLimits:
    tier: str
    allowances: Sequence[Allowance]


@dataclass(frozen=True, slots=True)
class ListMyLimits:
    """List what the caller has spent and may still spend, in each currency that is limited or in which they have a wallet."""

    views: LimitViews
    clock: Clock

    async def __call__(self, *, actor: Actor) -> MyLimits:
        at = self.clock.now()
        assigned = await self.views.tier_of(actor.acts_for)
        tier = assigned.tier if assigned else STANDARD_TIER
        page = await self.views.in_force(PageRequest(per_page=PER_PAGE_MAX), at=at, tier=tier)
        limits = TierLimits(tier, page.items)
        spendings = {spending.currency: spending for spending in await self.views.spendings(actor.acts_for)}
        for limit in page.items:
            spendings.setdefault(limit.currency, Spending.none(actor.acts_for, limit.currency, at))
        return MyLimits(tier, [limits.allowance(spendings[currency], at) for currency in sorted(spendings)])
