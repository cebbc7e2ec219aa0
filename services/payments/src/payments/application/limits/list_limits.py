from dataclasses import dataclass

from kernel.clock import Clock
from kernel.pages import Page, PageRequest
from payments.application.limits.views import LimitViews
from payments.domain.limits import Limit


@dataclass(frozen=True, slots=True)
class ListLimits:
    """List the limits in force of every tier."""

    views: LimitViews
    clock: Clock

    async def __call__(self, *, page: PageRequest, tier: str | None = None, currency: str | None = None) -> Page[Limit]:
        return await self.views.in_force(page, at=self.clock.now(), tier=tier, currency=currency)
