"""Transfers: the table of contents."""

from dataclasses import dataclass

from payments.application.transfers.capture_transfer import CaptureTransfer, ExpireTransfers, VoidTransfer
from payments.application.transfers.decide_transfer import ApproveTransfer, RejectTransfer
from payments.application.transfers.give_back import RefundTransfer, ReverseTransfer
from payments.application.transfers.issue_money import IssueMoney
from payments.application.transfers.read_receipt import ReadReceipt
from payments.application.transfers.read_transfers import ReadTransfers
from payments.application.transfers.rehearse_transfers import RehearseTransfers
from payments.application.transfers.transfer_tokens import TransferLinked, TransferTokens


@dataclass(frozen=True, slots=True)
class Transfers:
    transfer_tokens: TransferTokens
    transfer_linked: TransferLinked
    rehearse_transfers: RehearseTransfers
    issue_money: IssueMoney
    capture_transfer: CaptureTransfer
    void_transfer: VoidTransfer
    expire_transfers: ExpireTransfers
    approve_transfer: ApproveTransfer
    reject_transfer: RejectTransfer
    refund_transfer: RefundTransfer
    reverse_transfer: ReverseTransfer
    read_transfers: ReadTransfers
    read_receipt: ReadReceipt
