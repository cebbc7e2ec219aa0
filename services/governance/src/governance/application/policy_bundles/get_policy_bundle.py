from dataclasses import dataclass

from governance.application.policy_bundles.views import BundleText, PolicyBundleViews
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetPolicyBundle:
    """Get a bundle that was published, with the policies that were in force by it. Raise NotFound."""

    views: PolicyBundleViews

    async def __call__(self, *, version: int) -> BundleText:
        if bundle := await self.views.bundle(version):
            return bundle
        raise NotFound(bundle=version)
