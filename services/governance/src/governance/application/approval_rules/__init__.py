"""Use cases for approval rules."""

from dataclasses import dataclass

from governance.application.approval_rules.get_approval_rule import GetApprovalRule
from governance.application.approval_rules.list_approval_rules import ListApprovalRules
from governance.application.approval_rules.set_approval_rule import SetApprovalRule
from governance.application.approval_rules.withdraw_approval_rule import WithdrawApprovalRule


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    list_approval_rules: ListApprovalRules
    get_approval_rule: GetApprovalRule
    set_approval_rule: SetApprovalRule
    withdraw_approval_rule: WithdrawApprovalRule
