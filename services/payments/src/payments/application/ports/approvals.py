"""The approval rules in force."""

from typing import Protocol

from payments.domain.approval import ApprovalRules


class ApprovalPolicies(Protocol):
    def approvals(self) -> ApprovalRules:
        """Return governance's rules as this process has them; raises Unavailable when it has none."""
