"""Use cases for golden decisions."""

from dataclasses import dataclass

from governance.application.golden_decisions.get_golden_decision import GetGoldenDecision
from governance.application.golden_decisions.list_golden_decisions import ListGoldenDecisions
from governance.application.golden_decisions.remove_golden_decision import RemoveGoldenDecision
from governance.application.golden_decisions.set_golden_decision import SetGoldenDecision


@dataclass(frozen=True, slots=True)
class GoldenDecisions:
    list_golden_decisions: ListGoldenDecisions
    get_golden_decision: GetGoldenDecision
    set_golden_decision: SetGoldenDecision
    remove_golden_decision: RemoveGoldenDecision
