"""Scheduled transfers on their ports."""

from payments.application.schedules import ScheduledTransfers
from payments.application.schedules.change_schedule import ChangeSchedule
from payments.application.schedules.plan_transfer import PlanTransfer
from payments.application.schedules.read_schedules import ReadSchedules
from payments.infrastructure.sql.bulk_transfers import SqlBulkQueries
from payments.infrastructure.sql.schedules import SqlScheduleQueries
from payments.wiring.dependencies import Dependencies


def schedules(given: Dependencies) -> ScheduledTransfers:
    return ScheduledTransfers(
        plan_transfer=PlanTransfer(
            uow=given.uow,
            wallets=SqlBulkQueries(given.database),
            signatures=given.signatures,
            policy=given.settings.payer_policy,
            clock=given.clock,
        ),
        change_schedule=ChangeSchedule(uow=given.uow, clock=given.clock),
        read_schedules=ReadSchedules(
            queries=SqlScheduleQueries(given.database), permissions=given.permissions, reads=given.reads
        ),
    )
