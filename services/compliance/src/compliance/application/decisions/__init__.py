"""Use cases for the decisions of policies; auditors read them by `audit.list_policy_decisions`."""

from dataclasses import dataclass

from compliance.application.decisions.list_decisions import ListDecisions
from compliance.application.decisions.record_decisions import RecordDecisions
from compliance.application.decisions.summarize_shadow_denials import SummarizeShadowDenials


@dataclass(frozen=True, slots=True)
class Decisions:
    list_decisions: ListDecisions
    summarize_shadow_denials: SummarizeShadowDenials
    record_decisions: RecordDecisions
