"""Bulks: the table of contents."""

from dataclasses import dataclass

from payments.application.bulk.cancel_bulk import CancelBulk
from payments.application.bulk.decide_bulk import ApproveBulk, RejectBulk
from payments.application.bulk.read_bulks import ReadBulks
from payments.application.bulk.submit_bulk import SubmitBulk


@dataclass(frozen=True, slots=True)
class BulkTransfers:
    submit_bulk: SubmitBulk
    cancel_bulk: CancelBulk
    approve_bulk: ApproveBulk
    reject_bulk: RejectBulk
    read_bulks: ReadBulks
