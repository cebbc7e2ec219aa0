from dataclasses import dataclass

from governance.application.policy_changes.views import PolicyChangeView, PolicyChangeViews
from governance.domain.policy_change import PolicyChangeStatus
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ListPolicyChanges:
    views: PolicyChangeViews

    async def __call__(
        self, *, page: PageRequest, status: PolicyChangeStatus | None = None, policy: str | None = None
    ) -> Page[PolicyChangeView]:
        return await self.views.changes(page, status=status, policy=policy)
