from dataclasses import dataclass

from kernel.pages import Page, PageRequest
from payments.application.limits.views import LimitViews
from payments.application.versions import VersionRecord
from payments.domain.limits import Limit


@dataclass(frozen=True, slots=True)
class ListLimitHistory:
    """List all recorded versions, past and planned, newest first."""

    views: LimitViews

    async def __call__(
        self, *, page: PageRequest, tier: str | None = None, currency: str | None = None
    ) -> Page[VersionRecord[Limit]]:
        return await self.views.history(page, tier=tier, currency=currency)
