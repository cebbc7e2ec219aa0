"""Use cases of the decision point."""

from dataclasses import dataclass

from governance.application.evaluations.check_access import CheckAccess
from governance.application.evaluations.evaluate_access import EvaluateAccess
from governance.application.evaluations.evaluate_access_batch import EvaluateAccessBatch


@dataclass(frozen=True, slots=True)
class Evaluations:
    evaluate_access: EvaluateAccess
    evaluate_access_batch: EvaluateAccessBatch
    check_access: CheckAccess
