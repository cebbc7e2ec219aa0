from dataclasses import dataclass

from governance.application.policy_bundles.views import BundleView, PolicyBundleViews
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ListPolicyBundles:
    views: PolicyBundleViews

    async def __call__(self, *, page: PageRequest) -> Page[BundleView]:
        return await self.views.bundles(page)
