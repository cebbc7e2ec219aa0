"""Builds the local deciders of payments, and what carries decisions out."""

from chassis.approvals.execution import ExecuteApproval
from chassis.approvals.local_decider import DecideLocally
from chassis.approvals.signing import LocalSigner
from chassis.approvals.unfinished import ExecuteDecided
from chassis.persistence.database import Database
from kernel.approval_ports import Deciders
from kernel.clock import Clock
from payments.application.bulk_transfers.approval import KIND as BULK
from payments.application.bulk_transfers.approval import ApprovableBulk, BulkContent
from payments.application.ports.payer_rights import Memberships, Standings
from payments.application.ports.screening import Screening
from payments.application.transfers.approval import KIND as TRANSFER
from payments.application.transfers.approval import ApprovableTransfer
from payments.application.transfers.locked_transfer import LockedTransfer
from payments.infrastructure.sql.transaction import SqlPaymentsTransaction
from payments.infrastructure.sql.transfers import SqlTransferViews
from payments.settings import PaymentsSettings
from payments.wiring.dependencies import Dependencies, unit_of_work


def signer(settings: PaymentsSettings) -> LocalSigner:
    return LocalSigner.of(PaymentsSettings.NAME, (settings.decision_key(),))


def execute_transfer_approval(
    *,
    settings: PaymentsSettings,
    database: Database,
    screening: Screening,
    standings: Standings,
    memberships: Memberships,
    clock: Clock,
) -> ExecuteApproval[SqlPaymentsTransaction, LockedTransfer]:
    uow = unit_of_work(database)
    approvable = ApprovableTransfer(
        uow=uow,
        views=SqlTransferViews(database),
        screening=screening,
        standings=standings,
        memberships=memberships,
        terms=settings.terms,
        clock=clock,
    )
    return ExecuteApproval(uow=uow, approvable=approvable, keys=signer(settings).keys, clock=clock)


def decide_transfer(given: Dependencies) -> DecideLocally[SqlPaymentsTransaction, LockedTransfer]:
    execute = execute_transfer_approval(
        settings=given.settings,
        database=given.database,
        screening=given.screening,
        standings=given.standings,
        memberships=given.memberships,
        clock=given.clock,
    )
    return DecideLocally(execute=execute, signer=signer(given.settings))


def decide_bulk(
    *, settings: PaymentsSettings, database: Database, clock: Clock
) -> DecideLocally[SqlPaymentsTransaction, BulkContent]:
    return DecideLocally(execute=_execute_bulk_approval(settings, database, clock), signer=signer(settings))


def _execute_bulk_approval(
    settings: PaymentsSettings, database: Database, clock: Clock
) -> ExecuteApproval[SqlPaymentsTransaction, BulkContent]:
    return ExecuteApproval(uow=unit_of_work(database), approvable=ApprovableBulk(), keys=signer(settings).keys, clock=clock)


def execute_decided(
    *,
    settings: PaymentsSettings,
    database: Database,
    screening: Screening,
    standings: Standings,
    memberships: Memberships,
    deciders: Deciders,
    clock: Clock,
) -> ExecuteDecided[SqlPaymentsTransaction]:
    """Build the job that carries out what is decided."""
    transfers = execute_transfer_approval(
        settings=settings, database=database, screening=screening, standings=standings, memberships=memberships, clock=clock
    )
    return ExecuteDecided(
        uow=unit_of_work(database),
        executions={TRANSFER: transfers, BULK: _execute_bulk_approval(settings, database, clock)},
        deciders={TRANSFER: deciders, BULK: deciders},
        service=PaymentsSettings.NAME,
        clock=clock,
    )
