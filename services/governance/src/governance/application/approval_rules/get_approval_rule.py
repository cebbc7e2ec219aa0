from dataclasses import dataclass

from governance.application.approval_rules.views import ApprovalRuleView, ApprovalRuleViews
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetApprovalRule:
    """Get a rule, including a withdrawn one."""

    views: ApprovalRuleViews

    async def __call__(self, *, name: str) -> ApprovalRuleView:
        """Raise NotFound."""
        if rule := await self.views.approval_rule(name):
            return rule
        raise NotFound(approval_rule=name)
