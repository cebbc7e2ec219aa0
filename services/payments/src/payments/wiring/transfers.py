"""Builds the use cases of transfers."""

from payments.application.ports.transfers import Cashier
from payments.application.transfers import Transfers
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
from payments.application.transfers.visible_transfers import VisibleTransfers
from payments.application.transfers.void_transfer import VoidTransfer
from payments.infrastructure.sql.transfer_history import SqlTransferHistory
from payments.infrastructure.sql.transfers import SqlTransferViews
from payments.wiring.approvals import decide_transfer
from payments.wiring.dependencies import Dependencies
from payments.wiring.posting import post_transfers


def visible_transfers(given: Dependencies) -> VisibleTransfers:
    return VisibleTransfers(
        views=SqlTransferViews(given.database),
        audit_log=given.audit_log,
        permissions=given.permissions,
        reads=given.reads,
    )


def transfers(given: Dependencies, cashier: Cashier) -> Transfers:
    decide = decide_transfer(given)
    uow, clock, visible = given.uow, given.clock, visible_transfers(given)
    views, history = SqlTransferViews(given.database), SqlTransferHistory(given.database)
    return Transfers(
        transfer_tokens=TransferTokens(cashier=cashier),
        transfer_linked=TransferLinked(cashier=cashier),
        rehearse_transfers=RehearseTransfers(rehearse=post_transfers(given).rehearse),
        list_transfers=ListTransfers(history=history),
        list_awaiting_approval=ListAwaitingApproval(views=views, history=history, reads=given.reads),
        get_transfer=GetTransfer(visible=visible),
        get_transfer_currency=GetTransferCurrency(visible=visible),
        find_transfer=FindTransfer(views=views),
        capture_transfer=CaptureTransfer(uow=uow, views=views, screening=given.screening, standings=given.standings, clock=clock),
        void_transfer=VoidTransfer(uow=uow, permissions=given.permissions, clock=clock),
        approve_transfer=ApproveTransfer(decide=decide),
        reject_transfer=RejectTransfer(decide=decide),
        refund_transfer=RefundTransfer(uow=uow, clock=clock),
        reverse_transfer=ReverseTransfer(uow=uow, clock=clock),
    )
