from dataclasses import dataclass

from governance.application.policy_bundles.views import BundleText, PolicyBundleViews
from kernel.errors import Unavailable


@dataclass(frozen=True, slots=True)
class GetCurrentPolicies:
    """Get the bundle in force. Raise Unavailable before the first bundle is published."""

    views: PolicyBundleViews

    async def __call__(self) -> BundleText:
        if bundle := await self.views.current_bundle():
            return bundle
        raise Unavailable(reason="no policy bundle has been published yet")
