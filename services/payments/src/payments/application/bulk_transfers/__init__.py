"""Bulks: the table of contents."""

from dataclasses import dataclass

from payments.application.bulk_transfers.cancel_bulk import CancelBulk
from payments.application.bulk_transfers.decide_bulk import ApproveBulk, RejectBulk
from payments.application.bulk_transfers.read_bulks import ReadBulks
from payments.application.bulk_transfers.rehearse_bulk import RehearseBulk
from payments.application.bulk_transfers.submission import ReadSubmission
from payments.application.bulk_transfers.submit_bulk import SubmitBulk


@dataclass(frozen=True, slots=True)
class BulkTransfers:
    read_submission: ReadSubmission
    submit_bulk: SubmitBulk
    rehearse_bulk: RehearseBulk
    cancel_bulk: CancelBulk
    approve_bulk: ApproveBulk
    reject_bulk: RejectBulk
    read_bulks: ReadBulks
