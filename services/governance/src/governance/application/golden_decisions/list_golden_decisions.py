from dataclasses import dataclass

from governance.application.golden_decisions.views import GoldenDecisionView, GoldenDecisionViews
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ListGoldenDecisions:
    views: GoldenDecisionViews

    async def __call__(self, *, page: PageRequest) -> Page[GoldenDecisionView]:
        return await self.views.golden_decisions(page)
