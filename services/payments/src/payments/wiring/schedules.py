"""Builds the use cases of scheduled transfers."""

from chassis.business_time.namibia import namibian_calendar
from payments.application.schedules import Schedules
from payments.application.schedules.cancel_schedule import CancelSchedule
from payments.application.schedules.get_schedule import GetSchedule
from payments.application.schedules.list_schedule_runs import ListScheduleRuns
from payments.application.schedules.list_schedules import ListSchedules
from payments.application.schedules.list_upcoming_runs import ListUpcomingRuns
from payments.application.schedules.pause_schedule import PauseSchedule
from payments.application.schedules.plan_transfer import PlanTransfer
from payments.application.schedules.resume_schedule import ResumeSchedule
from payments.application.schedules.visible_schedules import VisibleSchedules
from payments.infrastructure.sql.accounts import SqlAccountLookup
from payments.infrastructure.sql.schedules import SqlScheduleViews
from payments.wiring.dependencies import Dependencies


def schedules(given: Dependencies) -> Schedules:
    uow, clock, views = given.uow, given.clock, SqlScheduleViews(given.database)
    calendar = namibian_calendar(given.settings.declared_days)
    visible = VisibleSchedules(views=views, permissions=given.permissions, reads=given.reads)
    return Schedules(
        plan_transfer=PlanTransfer(
            uow=uow,
            wallets=SqlAccountLookup(given.database),
            signatures=given.signatures,
            policy=given.settings.payer_policy,
            calendar=calendar,
            clock=clock,
        ),
        list_schedules=ListSchedules(views=views),
        get_schedule=GetSchedule(visible=visible),
        list_schedule_runs=ListScheduleRuns(visible=visible, views=views),
        list_upcoming_runs=ListUpcomingRuns(visible=visible, calendar=calendar),
        pause_schedule=PauseSchedule(uow=uow, clock=clock),
        resume_schedule=ResumeSchedule(uow=uow, calendar=calendar, clock=clock),
        cancel_schedule=CancelSchedule(uow=uow, clock=clock),
    )
