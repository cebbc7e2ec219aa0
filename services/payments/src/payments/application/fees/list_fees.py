from dataclasses import dataclass

from kernel.clock import Clock
from kernel.pages import Page, PageRequest
from payments.application.fees.views import FeeViews
from payments.domain.fee_rule import FeeRule


@dataclass(frozen=True, slots=True)
class ListFees:
    """List the fee rules in force, ordered by code."""

    views: FeeViews
    clock: Clock

    async def __call__(self, *, page: PageRequest, kind: str | None = None, currency: str | None = None) -> Page[FeeRule]:
        return await self.views.in_force(page, at=self.clock.now(), kind=kind, currency=currency)
