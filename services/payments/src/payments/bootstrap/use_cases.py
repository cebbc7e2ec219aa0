"""The use cases on what they need of the world, one function for each group of them."""

from dataclasses import dataclass

from chassis.database import Database
from kernel.clock import Clock
from payments.application import Payments
from payments.application.ports.ledger import Cashier
from payments.application.ports.pricing import ApprovalPolicies, LimitBooks, PriceBooks
from payments.application.ports.screening import Screening
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.pricing import Pricing
from payments.application.queries import PaymentsQueries
from payments.application.transfers import Transfers
from payments.application.transfers.issue_money import IssueMoney
from payments.application.transfers.post_transfers import PostTransfers
from payments.application.transfers.read_transfers import ReadTransfers
from payments.application.transfers.transfer_tokens import TransferTokens
from payments.application.wallets import Wallets
from payments.application.wallets.open_wallet import OpenWallet
from payments.application.wallets.read_wallets import ReadWallets
from payments.bootstrap.parts import pricing_unit_of_work, unit_of_work
from payments.infrastructure.group_commit import GroupCommit
from payments.infrastructure.queries import SqlPaymentsQueries
from payments.infrastructure.queries.pricing import SqlPricingQueries
from payments.settings import PaymentsSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the process gives to the use cases."""

    settings: PaymentsSettings
    database: Database
    screening: Screening
    prices: PriceBooks
    limits: LimitBooks
    approvals: ApprovalPolicies
    clock: Clock

    @property
    def uow(self) -> UnitOfWork:
        return unit_of_work(self.database)

    @property
    def queries(self) -> PaymentsQueries:
        return SqlPaymentsQueries(self.database)


def build(world: World) -> Payments:
    return Payments(
        transfers=transfers(world, cashier(world)), wallets=wallets(world), pricing=pricing(world), queries=world.queries
    )


def cashier(world: World) -> Cashier:
    post = PostTransfers(
        world.uow, world.screening, world.prices, world.limits, world.approvals, world.settings.terms, world.clock
    )
    return GroupCommit(post, batch_max=world.settings.batch_max, waiting_max=world.settings.waiting_max)


def transfers(world: World, cashier: Cashier) -> Transfers:
    return Transfers(
        transfer_tokens=TransferTokens(cashier),
        issue_money=IssueMoney(cashier),
        read_transfers=ReadTransfers(world.queries),
    )


def wallets(world: World) -> Wallets:
    return Wallets(open_wallet=OpenWallet(world.uow, world.clock), read_wallets=ReadWallets(world.queries))


def pricing(world: World) -> Pricing:
    return Pricing.of(
        uow=pricing_unit_of_work(world.database),
        prices=world.prices,
        approvals=world.approvals,
        queries=SqlPricingQueries(world.database),
        clock=world.clock,
    )
