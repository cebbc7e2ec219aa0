from dataclasses import dataclass

from kernel.pages import Page, PageRequest
from payments.application.fees.views import FeeViews
from payments.application.versions import VersionRecord
from payments.domain.fee_rule import FeeRule


@dataclass(frozen=True, slots=True)
class ListFeeHistory:
    """List all recorded versions, past and planned, newest first."""

    views: FeeViews

    async def __call__(self, *, page: PageRequest, code: str | None = None) -> Page[VersionRecord[FeeRule]]:
        return await self.views.history(page, code=code)
