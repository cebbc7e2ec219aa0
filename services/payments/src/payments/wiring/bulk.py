"""Bulk transfers on their ports."""

from payments.application.bulk_transfers import BulkTransfers
from payments.application.bulk_transfers.cancel_bulk import CancelBulk
from payments.application.bulk_transfers.decide_bulk import ApproveBulk, RejectBulk
from payments.application.bulk_transfers.judge_bulk import JudgeBulk
from payments.application.bulk_transfers.read_bulks import ReadBulks
from payments.application.bulk_transfers.rehearse_bulk import RehearseBulk
from payments.application.bulk_transfers.submission import ReadSubmission
from payments.application.bulk_transfers.submit_bulk import SubmitBulk
from payments.infrastructure.bulk_files import READERS
from payments.infrastructure.sql.bulk_transfers import SqlBulkQueries
from payments.wiring.dependencies import Dependencies
from payments.wiring.transfers import post_transfers


def judge_bulk(given: Dependencies) -> JudgeBulk:
    return JudgeBulk(
        wallets=SqlBulkQueries(given.database),
        approvals=given.approvals,
        policy=given.settings.payer_policy,
        terms=given.settings.terms,
    )


def bulk(given: Dependencies) -> BulkTransfers:
    uow, clock = given.uow, given.clock
    submit_bulk = SubmitBulk(uow=uow, judge_bulk=judge_bulk(given), signatures=given.signatures, clock=clock)
    return BulkTransfers(
        read_submission=ReadSubmission(readers=READERS),
        submit_bulk=submit_bulk,
        rehearse_bulk=RehearseBulk(submit_bulk=submit_bulk, rehearse=post_transfers(given).rehearse_run),
        cancel_bulk=CancelBulk(uow=uow, clock=clock),
        approve_bulk=ApproveBulk(uow=uow, clock=clock),
        reject_bulk=RejectBulk(uow=uow, clock=clock),
        read_bulks=ReadBulks(queries=SqlBulkQueries(given.database), permissions=given.permissions, reads=given.reads),
    )
