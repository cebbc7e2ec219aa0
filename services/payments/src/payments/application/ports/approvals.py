"""The approval rules in force."""

from typing import Protocol

from payments.domain.approval import ApprovalRules


class ApprovalPolicies(Protocol):
    def approvals(self) -> ApprovalRules:
        """Return governance's rules in this process. Raise Unavailable if it has none."""
