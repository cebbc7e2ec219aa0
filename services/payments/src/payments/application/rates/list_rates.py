from dataclasses import dataclass

from kernel.clock import Clock
from kernel.pages import Page, PageRequest
from payments.application.rates.views import RateViews
from payments.domain.fx_rate import FxRate


@dataclass(frozen=True, slots=True)
class ListRates:
    """List the exchange rates in force. Each is for one direction."""

    views: RateViews
    clock: Clock

    async def __call__(self, *, page: PageRequest, base: str | None = None, quote: str | None = None) -> Page[FxRate]:
        return await self.views.in_force(page, at=self.clock.now(), base=base, quote=quote)
