from dataclasses import dataclass

from governance.application.separations.views import SeparationView, SeparationViews
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ListSeparations:
    views: SeparationViews

    async def __call__(self, *, page: PageRequest) -> Page[SeparationView]:
        return await self.views.separations(page)
