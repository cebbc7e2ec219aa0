"""Transfers, payments, issuances and receipts on their ports."""

from payments.application.transfers import Transfers
from payments.application.transfers.capture_transfer import CaptureTransfer, ExpireTransfers, VoidTransfer
from payments.application.transfers.decide_transfer import ApproveTransfer, RejectTransfer
from payments.application.transfers.give_back import RefundTransfer, ReverseTransfer
from payments.application.transfers.issue_money import IssueMoney
from payments.application.transfers.post_transfers import PostTransfers
from payments.application.transfers.read_receipt import ReadReceipt
from payments.application.transfers.read_transfers import ReadTransfers
from payments.application.transfers.rehearse_transfers import RehearseTransfers
from payments.application.transfers.transfer_tokens import TransferLinked, TransferTokens
from payments.infrastructure.group_commit import GroupCommit
from payments.wiring.dependencies import Dependencies


def post_transfers(given: Dependencies) -> PostTransfers:
    return PostTransfers(
        uow=given.uow,
        screening=given.screening,
        signatures=given.signatures,
        prices=given.prices,
        limits=given.limits,
        approvals=given.approvals,
        policy=given.settings.payer_policy,
        terms=given.settings.terms,
        clock=given.clock,
    )


def transfers(given: Dependencies) -> Transfers:
    settings, uow, clock, queries = given.settings, given.uow, given.clock, given.queries
    post = post_transfers(given)
    cashier = GroupCommit(post, batch_max=settings.batch_max, waiting_max=settings.waiting_max)
    reads = ReadTransfers(
        queries=queries, history=queries, audit_log=given.audit_log, permissions=given.permissions, reads=given.reads
    )
    return Transfers(
        transfer_tokens=TransferTokens(cashier=cashier),
        transfer_linked=TransferLinked(cashier=cashier),
        rehearse_transfers=RehearseTransfers(rehearse=post.rehearse),
        issue_money=IssueMoney(cashier=cashier),
        capture_transfer=CaptureTransfer(
            uow=uow, queries=queries, screening=given.screening, standings=given.standings, clock=clock
        ),
        void_transfer=VoidTransfer(uow=uow, permissions=given.permissions, clock=clock),
        expire_transfers=ExpireTransfers(uow=uow, clock=clock),
        approve_transfer=ApproveTransfer(
            uow=uow,
            queries=queries,
            screening=given.screening,
            standings=given.standings,
            terms=settings.terms,
            clock=clock,
        ),
        reject_transfer=RejectTransfer(uow=uow, clock=clock),
        refund_transfer=RefundTransfer(uow=uow, clock=clock),
        reverse_transfer=ReverseTransfer(uow=uow, clock=clock),
        read_transfers=reads,
        read_receipt=ReadReceipt(reads=reads, queries=queries),
    )
