from dataclasses import dataclass

from governance.application.separations.views import SeparationView, SeparationViews
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetSeparation:
    views: SeparationViews

    async def __call__(self, *, name: str) -> SeparationView:
        """Raise NotFound."""
        if separation := await self.views.separation(name):
            return separation
        raise NotFound(separation=name)
