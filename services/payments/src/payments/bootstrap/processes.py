"""The processes of payments."""

# What only one process needs is imported where it is built: a worker never loads the web framework.
# ruff: noqa: PLC0415

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.health import Readiness
from chassis.persistence.database import Database
from chassis.persistence.delivery import Delivery
from chassis.run import Serving, Working
from kernel.clock import SystemClock
from payments.interfaces.publications import PUBLICATIONS
from payments.settings import PaymentsSettings


@asynccontextmanager
async def serving(settings: PaymentsSettings) -> AsyncIterator[Serving]:
    """Answer REST and gRPC."""
    from chassis.rpc import connect
    from chassis.run import service_resources
    from elcorp.payments.v1 import events_pb2
    from payments.bootstrap.use_cases import World, build
    from payments.infrastructure.approval_policies import BundledApprovals
    from payments.infrastructure.audit_log import ComplianceAuditLog
    from payments.infrastructure.authority import IdentityStandings
    from payments.infrastructure.cached_prices import CachedPrices
    from payments.infrastructure.queries.pricing import SqlPricingQueries
    from payments.infrastructure.repositories.keys import OWN_KEYS
    from payments.infrastructure.screening import ComplianceScreening
    from payments.infrastructure.signatures import DeviceSignatures
    from payments.interfaces.grpc import rpc_services
    from payments.interfaces.rest import ROUTERS

    async def on_pricing_changed(delivery: Delivery[events_pb2.PricingChanged]) -> None:
        await prices.on_changed(delivery)

    async with (
        service_resources(settings, listen={events_pb2.PricingChanged: on_pricing_changed}, own_keys=OWN_KEYS) as parts,
        connect(settings, "compliance") as compliance,
        connect(settings, "identity") as identity,
    ):
        prices = CachedPrices(SqlPricingQueries(parts.database).prices, parts.clock)
        parts.readiness.add("prices", prices.check)
        world = World(
            settings=settings,
            database=parts.database,
            screening=ComplianceScreening(compliance),
            signatures=DeviceSignatures(identity),
            standings=IdentityStandings(identity),
            audit_log=ComplianceAuditLog(compliance),
            prices=prices,
            limits=prices,
            approvals=BundledApprovals(parts.policies),
            permissions=parts.policies,
            clock=parts.clock,
        )
        payments = build(world)
        rest = parts.rest(payments, ROUTERS, title="Elcorp payments")
        yield Serving(rest, rpc_services(payments, parts.access_control), parts.readiness, (prices.run, *parts.background))


@asynccontextmanager
async def working(settings: PaymentsSettings) -> AsyncIterator[Working]:
    """Relay payments' events, open a wallet for each user that identity announces, and stop those who may not act."""
    from chassis.messaging.consumer import Consumer
    from chassis.messaging.relay import Relay
    from chassis.rpc import connect
    from payments.application.payers.stop_payer import StopPayer
    from payments.application.wallets.acknowledge_erasure import AcknowledgeErasure
    from payments.application.wallets.open_wallet import OpenWallet
    from payments.bootstrap.parts import unit_of_work
    from payments.infrastructure.authority import IdentityStandings
    from payments.infrastructure.queries.wallets import SqlWalletQueries
    from payments.interfaces.subscriptions import subscriptions

    database_url, rabbitmq_url = settings.database_url.get_secret_value(), settings.rabbitmq_url.get_secret_value()
    database = Database.of(settings)
    uow, clock = unit_of_work(database), SystemClock()
    acknowledge_erasure = AcknowledgeErasure(uow, SqlWalletQueries(database), clock)
    identity = connect(settings, "identity")
    stop_payer = StopPayer(uow, IdentityStandings(identity), clock)
    consumer = Consumer(rabbitmq_url, settings.NAME, subscriptions(OpenWallet(uow, clock), acknowledge_erasure, stop_payer))
    relay = Relay(database_url, rabbitmq_url, PUBLICATIONS)
    readiness = Readiness()
    readiness.add("database", database.ping)
    # Without it events are still relayed, and wallets opened.
    readiness.add("identity", identity.channel_ready, required=False)
    try:
        yield Working((relay.run, consumer.run), readiness)
    finally:
        await identity.close()
        await database.close()
