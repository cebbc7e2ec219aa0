"""Bulk transfers: the table of contents."""

from dataclasses import dataclass

from payments.application.bulk_transfers.approve_bulk import ApproveBulk
from payments.application.bulk_transfers.cancel_bulk import CancelBulk
from payments.application.bulk_transfers.follow_bulk import FollowBulk
from payments.application.bulk_transfers.get_bulk import GetBulk
from payments.application.bulk_transfers.get_bulk_file import GetBulkFile
from payments.application.bulk_transfers.list_bulk_lines import ListBulkLines
from payments.application.bulk_transfers.list_bulks import ListBulks
from payments.application.bulk_transfers.list_bulks_awaiting_approval import ListBulksAwaitingApproval
from payments.application.bulk_transfers.read_submission import ReadSubmission
from payments.application.bulk_transfers.rehearse_bulk import RehearseBulk
from payments.application.bulk_transfers.reject_bulk import RejectBulk
from payments.application.bulk_transfers.submit_bulk import SubmitBulk


@dataclass(frozen=True, slots=True)
class BulkTransfers:
    read_submission: ReadSubmission
    submit_bulk: SubmitBulk
    rehearse_bulk: RehearseBulk
    list_bulks: ListBulks
    list_bulks_awaiting_approval: ListBulksAwaitingApproval
    get_bulk: GetBulk
    get_bulk_file: GetBulkFile
    list_bulk_lines: ListBulkLines
    follow_bulk: FollowBulk
    approve_bulk: ApproveBulk
    reject_bulk: RejectBulk
    cancel_bulk: CancelBulk
