from dataclasses import dataclass

from governance.application.policies.views import BundleView, PolicyViews
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ListPolicyBundles:
    views: PolicyViews

    async def __call__(self, *, page: PageRequest) -> Page[BundleView]:
        return await self.views.bundles(page)
