"""Transfers planned for later: the table of contents."""

from dataclasses import dataclass

from payments.application.schedules.change_schedule import ChangeSchedule
from payments.application.schedules.plan_transfer import PlanTransfer
from payments.application.schedules.read_schedules import ReadSchedules


@dataclass(frozen=True, slots=True)
class ScheduledTransfers:
    plan_transfer: PlanTransfer
    change_schedule: ChangeSchedule
    read_schedules: ReadSchedules
