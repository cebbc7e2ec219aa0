"""The use cases on what they need of the world, one function for each group of them."""

from dataclasses import dataclass

from chassis.audited_reads import AuditedReads
from chassis.persistence.database import Database
from kernel.clock import Clock
from kernel.reads import Reads
from payments.application import Payments
from payments.application.bulk import BulkTransfers
from payments.application.bulk.cancel_bulk import CancelBulk
from payments.application.bulk.decide_bulk import ApproveBulk, RejectBulk
from payments.application.bulk.judge_bulk import JudgeBulk
from payments.application.bulk.read_bulks import ReadBulks
from payments.application.bulk.rehearse_bulk import RehearseBulk
from payments.application.bulk.submission import ReadSubmission
from payments.application.bulk.submit_bulk import SubmitBulk
from payments.application.history import History
from payments.application.history.read_statement import ReadBalance, ReadStatement
from payments.application.ledger import Ledger
from payments.application.ledger.read_account import ListAccounts, ReadAccount
from payments.application.ledger.unfreeze_account import UnfreezeAccount
from payments.application.ports.audit_log import AuditLog
from payments.application.ports.authority import Standings
from payments.application.ports.permissions import Permissions
from payments.application.ports.pricing import ApprovalPolicies, LimitBooks, PriceBooks
from payments.application.ports.screening import Screening
from payments.application.ports.signatures import Signatures
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.pricing import Pricing
from payments.application.queries import PaymentsQueries
from payments.application.schedules import ScheduledTransfers
from payments.application.schedules.change_schedule import ChangeSchedule
from payments.application.schedules.plan_transfer import PlanTransfer
from payments.application.schedules.read_schedules import ReadSchedules
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
from payments.application.wallets import Wallets
from payments.application.wallets.change_wallet import ChangeWallet
from payments.application.wallets.close_wallet import CloseWallet
from payments.application.wallets.open_wallet import OpenOwnWallet, OpenWallet
from payments.application.wallets.read_wallets import ReadWallets
from payments.application.wallets.set_wallet_usage import SetWalletUsage
from payments.bootstrap.parts import pricing_unit_of_work, unit_of_work
from payments.infrastructure.bulk_files import READERS
from payments.infrastructure.group_commit import GroupCommit
from payments.infrastructure.queries import SqlPaymentsQueries
from payments.infrastructure.queries.bulks import SqlBulkQueries
from payments.infrastructure.queries.pricing import SqlPricingQueries
from payments.infrastructure.queries.schedules import SqlScheduleQueries
from payments.settings import PaymentsSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the process gives to the use cases."""

    settings: PaymentsSettings
    database: Database
    screening: Screening
    signatures: Signatures
    standings: Standings
    audit_log: AuditLog
    prices: PriceBooks
    limits: LimitBooks
    approvals: ApprovalPolicies
    permissions: Permissions
    clock: Clock

    @property
    def uow(self) -> UnitOfWork:
        return unit_of_work(self.database)

    @property
    def reads(self) -> Reads:
        return AuditedReads(unit_of_work(self.database), self.clock)

    @property
    def queries(self) -> PaymentsQueries:
        return SqlPaymentsQueries(self.database)


def build(world: World) -> Payments:
    return Payments(
        transfers=transfers(world),
        wallets=wallets(world),
        history=history(world),
        ledger=ledger(world),
        pricing=pricing(world),
        bulk=bulk(world),
        schedules=schedules(world),
        queries=world.queries,
    )


def post_transfers(world: World) -> PostTransfers:
    return PostTransfers(
        uow=world.uow,
        screening=world.screening,
        signatures=world.signatures,
        prices=world.prices,
        limits=world.limits,
        approvals=world.approvals,
        policy=world.settings.payer_policy,
        terms=world.settings.terms,
        clock=world.clock,
    )


def transfers(world: World) -> Transfers:
    uow, clock, screening, terms = world.uow, world.clock, world.screening, world.settings.terms
    post = post_transfers(world)
    cashier = GroupCommit(post, batch_max=world.settings.batch_max, waiting_max=world.settings.waiting_max)
    reads = ReadTransfers(
        queries=world.queries,
        history=world.queries,
        audit_log=world.audit_log,
        permissions=world.permissions,
        reads=world.reads,
    )
    return Transfers(
        transfer_tokens=TransferTokens(cashier),
        transfer_linked=TransferLinked(cashier),
        rehearse_transfers=RehearseTransfers(post.rehearse),
        issue_money=IssueMoney(cashier),
        capture_transfer=CaptureTransfer(uow, world.queries, screening, world.standings, clock),
        void_transfer=VoidTransfer(uow, world.permissions, clock),
        expire_transfers=ExpireTransfers(uow, clock),
        approve_transfer=ApproveTransfer(uow, world.queries, screening, world.standings, terms, clock),
        reject_transfer=RejectTransfer(uow, clock),
        refund_transfer=RefundTransfer(uow, clock),
        reverse_transfer=ReverseTransfer(uow, clock),
        read_transfers=reads,
        read_receipt=ReadReceipt(reads, world.queries),
    )


def wallets(world: World) -> Wallets:
    open_wallet = OpenWallet(world.uow, world.clock)
    return Wallets(
        open_wallet=open_wallet,
        open_own_wallet=OpenOwnWallet(open_wallet),
        change_wallet=ChangeWallet(world.uow, world.clock),
        close_wallet=CloseWallet(uow=world.uow, clock=world.clock),
        set_wallet_usage=SetWalletUsage(uow=world.uow, clock=world.clock),
        read_wallets=read_wallets(world),
    )


def history(world: World) -> History:
    wallets, queries = read_wallets(world), world.queries
    return History(
        read_statement=ReadStatement(wallets=wallets, queries=queries, clock=world.clock),
        read_balance=ReadBalance(wallets=wallets, queries=queries, clock=world.clock),
    )


def read_wallets(world: World) -> ReadWallets:
    return ReadWallets(queries=world.queries, permissions=world.permissions, reads=world.reads)


def ledger(world: World) -> Ledger:
    queries, reads = world.queries, world.reads
    return Ledger(
        read_account=ReadAccount(queries, queries, queries, reads),
        list_accounts=ListAccounts(queries=queries, reads=reads),
        unfreeze_account=UnfreezeAccount(uow=world.uow, queries=queries, clock=world.clock),
    )


def pricing(world: World) -> Pricing:
    return Pricing.of(
        uow=pricing_unit_of_work(world.database),
        ledger=world.uow,
        policy=world.settings.payer_policy,
        prices=world.prices,
        approvals=world.approvals,
        wallets=SqlBulkQueries(world.database),
        screening=world.screening,
        queries=SqlPricingQueries(world.database),
        reads=world.reads,
        clock=world.clock,
    )


def judge_bulk(world: World) -> JudgeBulk:
    settings = world.settings
    return JudgeBulk(SqlBulkQueries(world.database), world.approvals, settings.payer_policy, settings.terms)


def bulk(world: World) -> BulkTransfers:
    queries = SqlBulkQueries(world.database)
    submit_bulk = SubmitBulk(
        uow=world.uow,
        judge_bulk=judge_bulk(world),
        signatures=world.signatures,
        clock=world.clock,
    )
    return BulkTransfers(
        read_submission=ReadSubmission(READERS),
        submit_bulk=submit_bulk,
        rehearse_bulk=RehearseBulk(submit_bulk, post_transfers(world).rehearse_run),
        cancel_bulk=CancelBulk(world.uow, world.clock),
        approve_bulk=ApproveBulk(uow=world.uow, clock=world.clock),
        reject_bulk=RejectBulk(uow=world.uow, clock=world.clock),
        read_bulks=ReadBulks(queries=queries, permissions=world.permissions, reads=world.reads),
    )


def schedules(world: World) -> ScheduledTransfers:
    wallets = SqlBulkQueries(world.database)
    return ScheduledTransfers(
        plan_transfer=PlanTransfer(
            uow=world.uow,
            wallets=wallets,
            signatures=world.signatures,
            policy=world.settings.payer_policy,
            clock=world.clock,
        ),
        change_schedule=ChangeSchedule(world.uow, world.clock),
        read_schedules=ReadSchedules(SqlScheduleQueries(world.database), world.permissions, world.reads),
    )
