from dataclasses import dataclass

from identity.application.factors.views import FactorsView, FactorViews
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class GetFactors:
    """Get the caller's second factors."""

    views: FactorViews

    async def __call__(self, *, actor: Actor) -> FactorsView:
        return await self.views.factors_of(actor.user_id)
