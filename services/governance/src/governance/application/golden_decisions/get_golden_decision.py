from dataclasses import dataclass

from governance.application.golden_decisions.views import GoldenDecisionView, GoldenDecisionViews
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetGoldenDecision:
    """Get a golden decision. Raise NotFound."""

    views: GoldenDecisionViews

    async def __call__(self, *, name: str) -> GoldenDecisionView:
        if golden := await self.views.golden_decision(name):
            return golden
        raise NotFound(golden_decision=name)
