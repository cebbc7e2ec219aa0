from dataclasses import dataclass

from governance.application.policies.get_current_policies import GetCurrentPolicies
from governance.application.policies.views import PolicyText, PolicyViews


@dataclass(frozen=True, slots=True)
class GetBundle:
    """Get the bundle in force for another service. Return None if that service has it already."""

    views: PolicyViews
    get_current_policies: GetCurrentPolicies

    async def __call__(self, *, known_version: int = 0) -> PolicyText | None:
        """Raise Unavailable before the first bundle is published."""
        if known_version and await self.views.current_version() == known_version:
            return None
        return await self.get_current_policies()
