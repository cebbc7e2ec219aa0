from dataclasses import dataclass

from governance.application.policies.views import PolicyView, PolicyViews
from governance.domain.policy import PolicyMode
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ListPolicies:
    views: PolicyViews

    async def __call__(
        self, *, page: PageRequest, mode: PolicyMode | None = None, permission: str | None = None
    ) -> Page[PolicyView]:
        return await self.views.policies(page, mode=mode, permission=permission)
