from dataclasses import dataclass

from governance.application.approval_rules.views import ApprovalRuleView, ApprovalRuleViews
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ListApprovalRules:
    views: ApprovalRuleViews

    async def __call__(self, *, page: PageRequest) -> Page[ApprovalRuleView]:
        return await self.views.approval_rules(page)
