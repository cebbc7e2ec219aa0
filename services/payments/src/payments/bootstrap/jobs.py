"""Payments' `jobs` process: the ledger is kept from here."""

# What only one process needs is imported where it is built.
# ruff: noqa: PLC0415

from typing import TYPE_CHECKING

from payments.settings import PaymentsSettings

if TYPE_CHECKING:
    import procrastinate


def jobs(settings: PaymentsSettings) -> "procrastinate.App":
    from chassis.database import Database
    from chassis.jobs import make_jobs
    from kernel.clock import SystemClock
    from payments.application.transfers.capture_transfer import ExpireTransfers
    from payments.application.verification.check_ledger import CheckLedger
    from payments.bootstrap.parts import unit_of_work
    from payments.infrastructure.alarms import MetricAlarm
    from payments.infrastructure.queries.ledger_check import SqlLedgerCheck
    from payments.interfaces.jobs import ledger_jobs

    clock = SystemClock()
    # Connects at the first job, and lives as long as the process.
    database = Database.connect(settings.database_url.get_secret_value(), pool_size=4)
    uow = unit_of_work(database)
    check = CheckLedger(uow, SqlLedgerCheck(database), MetricAlarm(), clock)
    return make_jobs(settings, [ledger_jobs(ExpireTransfers(uow, clock), check)])
