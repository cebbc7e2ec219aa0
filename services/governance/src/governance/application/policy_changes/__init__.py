"""Use cases for changes of the policies in force."""

from dataclasses import dataclass

from governance.application.policy_changes.approve_policy_change import ApprovePolicyChange
from governance.application.policy_changes.ask_policy_change import AskPolicyChange
from governance.application.policy_changes.end_policy_change import EndPolicyChange
from governance.application.policy_changes.get_policy_change import GetPolicyChange
from governance.application.policy_changes.list_policy_changes import ListPolicyChanges
from governance.application.policy_changes.preview_policy_change import PreviewPolicyChange


@dataclass(frozen=True, slots=True)
class PolicyChanges:
    list_policy_changes: ListPolicyChanges
    ask_policy_change: AskPolicyChange
    preview_policy_change: PreviewPolicyChange
    get_policy_change: GetPolicyChange
    approve_policy_change: ApprovePolicyChange
    end_policy_change: EndPolicyChange
