from dataclasses import dataclass

from governance.application.policy_bundles.get_current_policies import GetCurrentPolicies
from governance.application.policy_bundles.views import BundleText, PolicyBundleViews


@dataclass(frozen=True, slots=True)
class GetBundle:
    """Get the bundle in force for another service. Return None if that service has it already."""

    views: PolicyBundleViews
    get_current_policies: GetCurrentPolicies

    async def __call__(self, *, known_version: int = 0) -> BundleText | None:
        """Raise Unavailable before the first bundle is published."""
        if known_version and await self.views.current_version() == known_version:
            return None
        return await self.get_current_policies()
