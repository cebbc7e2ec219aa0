"""Scheduled transfers: the table of contents."""

from dataclasses import dataclass

from payments.application.schedules.cancel_schedule import CancelSchedule
from payments.application.schedules.get_schedule import GetSchedule
from payments.application.schedules.list_schedule_runs import ListScheduleRuns
from payments.application.schedules.list_schedules import ListSchedules
from payments.application.schedules.list_upcoming_runs import ListUpcomingRuns
from payments.application.schedules.pause_schedule import PauseSchedule
from payments.application.schedules.plan_transfer import PlanTransfer
from payments.application.schedules.resume_schedule import ResumeSchedule


@dataclass(frozen=True, slots=True)
class Schedules:
    plan_transfer: PlanTransfer
    list_schedules: ListSchedules
    get_schedule: GetSchedule
    list_schedule_runs: ListScheduleRuns
    list_upcoming_runs: ListUpcomingRuns
    pause_schedule: PauseSchedule
    resume_schedule: ResumeSchedule
    cancel_schedule: CancelSchedule
