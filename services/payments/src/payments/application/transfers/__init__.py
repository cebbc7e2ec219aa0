"""Transfers: the table of contents."""

from dataclasses import dataclass

from payments.application.transfers.approve_transfer import ApproveTransfer
from payments.application.transfers.capture_transfer import CaptureTransfer
from payments.application.transfers.find_transfer import FindTransfer
from payments.application.transfers.get_transfer import GetTransfer
from payments.application.transfers.get_transfer_currency import GetTransferCurrency
from payments.application.transfers.list_awaiting_approval import ListAwaitingApproval
from payments.application.transfers.list_transfers import ListTransfers
from payments.application.transfers.refund_transfer import RefundTransfer
from payments.application.transfers.rehearse_transfers import RehearseTransfers
from payments.application.transfers.reject_transfer import RejectTransfer
from payments.application.transfers.reverse_transfer import ReverseTransfer
from payments.application.transfers.transfer_linked import TransferLinked
from payments.application.transfers.transfer_tokens import TransferTokens
from payments.application.transfers.void_transfer import VoidTransfer


@dataclass(frozen=True, slots=True)
class Transfers:
    transfer_tokens: TransferTokens
    transfer_linked: TransferLinked
    rehearse_transfers: RehearseTransfers
    list_transfers: ListTransfers
    list_awaiting_approval: ListAwaitingApproval
    get_transfer: GetTransfer
    get_transfer_currency: GetTransferCurrency
    find_transfer: FindTransfer
    capture_transfer: CaptureTransfer
    void_transfer: VoidTransfer
    approve_transfer: ApproveTransfer
    reject_transfer: RejectTransfer
    refund_transfer: RefundTransfer
    reverse_transfer: ReverseTransfer
