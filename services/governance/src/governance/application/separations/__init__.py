"""Use cases for separations of duties."""

from dataclasses import dataclass

from governance.application.separations.get_separation import GetSeparation
from governance.application.separations.list_duty_conflicts import ListDutyConflicts
from governance.application.separations.list_separations import ListSeparations
from governance.application.separations.set_separation import SetSeparation
from governance.application.separations.withdraw_separation import WithdrawSeparation


@dataclass(frozen=True, slots=True)
class Separations:
    list_separations: ListSeparations
    get_separation: GetSeparation
    set_separation: SetSeparation
    withdraw_separation: WithdrawSeparation
    list_duty_conflicts: ListDutyConflicts
