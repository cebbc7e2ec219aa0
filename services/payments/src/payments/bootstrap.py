"""How payments' processes are put together: the only file that names concrete classes."""

# What only one process needs is imported where it is built: a worker never loads the web framework.
# ruff: noqa: PLC0415

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from chassis.database import Database
from chassis.health import Readiness
from chassis.run import Service, Serving, Working
from chassis.run.folders import migrations_of
from chassis.unit_of_work import SqlUnitOfWork
from kernel.clock import Clock, SystemClock
from payments.infrastructure.repositories import SqlPaymentsTransaction
from payments.interfaces.publications import PUBLICATIONS
from payments.settings import PaymentsSettings

if TYPE_CHECKING:
    from payments.application import Payments
    from payments.application.ports import Screening


@asynccontextmanager
async def serving(settings: PaymentsSettings) -> AsyncIterator[Serving]:
    """Answer REST; gRPC carries health and reflection until a peer asks payments something."""
    from chassis.rpc import connect
    from chassis.run import platform
    from payments.infrastructure.screening import ComplianceScreening
    from payments.interfaces.rest import ROUTERS

    async with platform(settings) as parts, connect(settings, "compliance") as compliance:
        rest = parts.rest(
            build(parts.database, ComplianceScreening(compliance), parts.clock, settings), ROUTERS, title="Elcorp payments"
        )
        yield Serving(rest, (), parts.readiness, parts.background)


def build(database: Database, screening: "Screening", clock: Clock, settings: PaymentsSettings) -> "Payments":
    """Put the use cases together on what they need of the world."""
    from payments.application import Payments
    from payments.application.transfers.issue_money import IssueMoney
    from payments.application.transfers.post_transfers import PostTransfers
    from payments.application.transfers.transfer_tokens import TransferTokens
    from payments.application.wallets.open_wallet import OpenWallet
    from payments.application.wallets.read_wallets import ReadWallets
    from payments.infrastructure.group_commit import GroupCommit
    from payments.infrastructure.queries import SqlPaymentsQueries

    uow, queries = unit_of_work(database), SqlPaymentsQueries(database)
    post = PostTransfers(uow, screening, clock)
    cashier = GroupCommit(post, batch_max=settings.batch_max, waiting_max=settings.waiting_max)
    return Payments(
        transfer_tokens=TransferTokens(cashier),
        issue_money=IssueMoney(cashier),
        open_wallet=OpenWallet(uow, clock),
        read_wallets=ReadWallets(queries),
        queries=queries,
    )


@asynccontextmanager
async def working(settings: PaymentsSettings) -> AsyncIterator[Working]:
    """Relay payments' events, and open a wallet for each user that identity announces."""
    from chassis.messaging.consumer import Consumer
    from chassis.messaging.relay import Relay
    from payments.application.wallets.open_wallet import OpenWallet
    from payments.interfaces.subscriptions import subscriptions

    database_url, rabbitmq_url = settings.database_url.get_secret_value(), settings.rabbitmq_url.get_secret_value()
    database = Database.connect(database_url, pool_size=settings.database_pool_size)
    consumer = Consumer(rabbitmq_url, settings.NAME, subscriptions(OpenWallet(unit_of_work(database), SystemClock())))
    relay = Relay(database_url, rabbitmq_url, PUBLICATIONS)
    readiness = Readiness()
    readiness.add("database", database.ping)
    try:
        yield Working((relay.run, consumer.run), readiness)
    finally:
        await database.close()


def unit_of_work(database: Database) -> SqlUnitOfWork[SqlPaymentsTransaction]:
    return SqlUnitOfWork(database, SqlPaymentsTransaction, PUBLICATIONS, service=PaymentsSettings.NAME)


SERVICE = Service(
    name=PaymentsSettings.NAME,
    settings=PaymentsSettings,
    serving=serving,
    working=working,
    migrations=migrations_of("payments"),
)
