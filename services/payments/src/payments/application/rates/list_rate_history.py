from dataclasses import dataclass

from kernel.pages import Page, PageRequest
from payments.application.rates.views import RateViews
from payments.application.versions import VersionRecord
from payments.domain.fx_rate import FxRate


@dataclass(frozen=True, slots=True)
class ListRateHistory:
    """List all recorded versions, past and planned, newest first."""

    views: RateViews

    async def __call__(
        self, *, page: PageRequest, base: str | None = None, quote: str | None = None
    ) -> Page[VersionRecord[FxRate]]:
        return await self.views.history(page, base=base, quote=quote)
