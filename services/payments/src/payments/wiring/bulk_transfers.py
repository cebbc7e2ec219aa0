"""Builds the use cases of bulk transfers."""

from payments.application.bulk_transfers import BulkTransfers
from payments.application.bulk_transfers.acceptance import BulkAcceptance
from payments.application.bulk_transfers.approve_bulk import ApproveBulk
from payments.application.bulk_transfers.cancel_bulk import CancelBulk
from payments.application.bulk_transfers.follow_bulk import FollowBulk
from payments.application.bulk_transfers.get_bulk import GetBulk
from payments.application.bulk_transfers.get_bulk_file import GetBulkFile
from payments.application.bulk_transfers.judge_bulk import JudgeBulk
from payments.application.bulk_transfers.keep_file import KeepFile
from payments.application.bulk_transfers.list_bulk_lines import ListBulkLines
from payments.application.bulk_transfers.list_bulks import ListBulks
from payments.application.bulk_transfers.list_bulks_awaiting_approval import ListBulksAwaitingApproval
from payments.application.bulk_transfers.read_submission import ReadSubmission
from payments.application.bulk_transfers.rehearse_bulk import RehearseBulk
from payments.application.bulk_transfers.reject_bulk import RejectBulk
from payments.application.bulk_transfers.submit_bulk import SubmitBulk
from payments.application.bulk_transfers.visible_bulks import VisibleBulks
from payments.infrastructure.bulk_files import READERS
from payments.infrastructure.sql.accounts import SqlAccountLookup
from payments.infrastructure.sql.bulk_transfers import SqlBulkViews, object_claims
from payments.wiring.approvals import decide_bulk
from payments.wiring.dependencies import Dependencies
from payments.wiring.posting import post_transfers


def judge_bulk(given: Dependencies) -> JudgeBulk:
    return JudgeBulk(
        wallets=SqlAccountLookup(given.database),
        approvals=given.approvals,
        policy=given.settings.payer_policy,
        terms=given.settings.terms,
    )


def bulk_transfers(given: Dependencies) -> BulkTransfers:
    decide = decide_bulk(settings=given.settings, database=given.database, clock=given.clock)
    uow, clock, views = given.uow, given.clock, SqlBulkViews(given.database)
    acceptance = BulkAcceptance(uow=uow, judge_bulk=judge_bulk(given), signatures=given.signatures, clock=clock)
    keep_file = KeepFile(uow=uow, scanner=given.scanner, claims=object_claims(given.database), objects=given.objects, clock=clock)
    visible = VisibleBulks(views=views, permissions=given.permissions, reads=given.reads)
    return BulkTransfers(
        read_submission=ReadSubmission(readers=READERS, clock=clock),
        submit_bulk=SubmitBulk(acceptance=acceptance, keep_file=keep_file),
        rehearse_bulk=RehearseBulk(acceptance=acceptance, rehearse=post_transfers(given).rehearse_run),
        list_bulks=ListBulks(views=views),
        list_bulks_awaiting_approval=ListBulksAwaitingApproval(views=views, reads=given.reads),
        get_bulk=GetBulk(visible=visible),
        get_bulk_file=GetBulkFile(visible=visible, views=views, objects=given.objects),
        list_bulk_lines=ListBulkLines(visible=visible, views=views),
        follow_bulk=FollowBulk(visible=visible),
        approve_bulk=ApproveBulk(decide=decide),
        reject_bulk=RejectBulk(decide=decide),
        cancel_bulk=CancelBulk(uow=uow, clock=clock),
    )
