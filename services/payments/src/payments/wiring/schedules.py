"""Builds the use cases of scheduled transfers."""

from chassis.business_time.namibia import namibian_calendar
from chassis.wiring import wire
from payments.application.schedules import Schedules
from payments.application.schedules.visible_schedules import VisibleSchedules
from payments.infrastructure.sql.accounts import SqlAccountLookup
from payments.infrastructure.sql.schedules import SqlScheduleViews
from payments.wiring.dependencies import Dependencies


def schedules(given: Dependencies) -> Schedules:
    views = SqlScheduleViews(given.database)
    return wire(
        Schedules,
        uow=given.uow,
        views=views,
        visible=VisibleSchedules(views=views, permissions=given.permissions, reads=given.reads),
        wallets=SqlAccountLookup(given.database),
        signatures=given.signatures,
        payment_permissions=given.payment_permissions,
        policy=given.settings.payer_policy,
        calendar=namibian_calendar(given.settings.declared_days),
        clock=given.clock,
    )
