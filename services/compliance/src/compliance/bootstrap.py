"""Build compliance's processes from settings."""

# Import what only one process needs where it is built, so that a worker never loads the web framework.
# ruff: noqa: PLC0415

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.health import Readiness
from chassis.persistence.database import Database
from chassis.run import Service, Serving, Working
from chassis.run.folders import migrations_of
from compliance import wiring
from compliance.application.audit.check_log import CheckLog
from compliance.infrastructure.log_key import Ed25519LogSigner
from compliance.interfaces.commands import commands
from compliance.interfaces.publications import PUBLICATIONS
from compliance.settings import ComplianceSettings
from kernel.clock import Clock, SystemClock


@asynccontextmanager
async def serving(settings: ComplianceSettings) -> AsyncIterator[Serving]:
    from chassis.run import service_resources
    from compliance.interfaces.grpc import rpc_services
    from compliance.interfaces.rest import ROUTERS

    async with service_resources(settings) as resources:
        signer = await _signer(settings, resources.database, resources.clock)
        app = wiring.use_cases(database=resources.database, signer=signer, clock=resources.clock)
        rest = resources.rest(app, ROUTERS, title="Elcorp compliance")
        yield Serving(rest, rpc_services(app), resources.readiness, resources.background)


@asynccontextmanager
async def working(settings: ComplianceSettings) -> AsyncIterator[Working]:
    """Append the audit facts of all services, sign checkpoints and relay compliance's own events."""
    from chassis.messaging.consumer import Consumer
    from chassis.messaging.relay import Relay
    from compliance.interfaces.checkpoints import CheckpointSigning

    relay_url, rabbitmq_url = settings.database_relay_url.get_secret_value(), settings.rabbitmq_url.get_secret_value()
    database = Database.of(settings)
    readiness = Readiness()
    readiness.add("database", database.ping)
    try:
        clock = SystemClock()
        signer = await _signer(settings, database, clock)
        app = wiring.use_cases(database=database, signer=signer, clock=clock)
        signing = CheckpointSigning(app.audit.sign_checkpoint, pause_seconds=settings.checkpoint_seconds)
        consumed = wiring.consumed(app=app, on_growth=signing.log_grew, settings=settings)
        consumer = Consumer(rabbitmq_url, settings.NAME, consumed)
        relay = Relay(relay_url, rabbitmq_url, PUBLICATIONS)
        yield Working((relay.run, consumer.run, signing.run), readiness)
    finally:
        await database.close()


async def _signer(settings: ComplianceSettings, database: Database, clock: Clock) -> Ed25519LogSigner:
    uow = wiring.unit_of_work(database=database)
    return await Ed25519LogSigner.load(uow, settings.key(), clock, origin=settings.log_origin)


@asynccontextmanager
async def checking(settings: ComplianceSettings) -> AsyncIterator[CheckLog]:
    database = Database.of(settings, pool_size=1)
    try:
        yield wiring.check_log(database=database)
    finally:
        await database.close()


SERVICE = Service(
    name=ComplianceSettings.NAME,
    settings=ComplianceSettings,
    serving=serving,
    working=working,
    migrations=migrations_of(ComplianceSettings.NAME),
    needs={"serve": ("master_key",), "work": ("master_key",)},
    commands=commands(checking),
)
