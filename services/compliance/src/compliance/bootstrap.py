"""How compliance's processes are put together: the only file that names concrete classes."""

# What only one process needs is imported where it is built: a worker never loads the web framework.
# ruff: noqa: PLC0415

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from chassis.audited_reads import AuditedReads
from chassis.health import Readiness
from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.run import Service, Serving, Working
from chassis.run.folders import migrations_of
from compliance.infrastructure.log_key import Ed25519LogSigner
from compliance.infrastructure.repositories import SqlComplianceTransaction
from compliance.interfaces.commands import commands
from compliance.interfaces.publications import PUBLICATIONS
from compliance.settings import ComplianceSettings
from kernel.clock import Clock, SystemClock

if TYPE_CHECKING:
    from compliance.application import Compliance
    from compliance.application.check_log import CheckLog
    from compliance.domain.checkpoint import VerifierKey


def unit_of_work(database: Database) -> SqlUnitOfWork[SqlComplianceTransaction]:
    return SqlUnitOfWork(database, SqlComplianceTransaction, PUBLICATIONS, service=ComplianceSettings.NAME)


def build(database: Database, key: "VerifierKey", clock: Clock) -> "Compliance":
    """Put the use cases together on a real database."""
    from compliance.application import Compliance
    from compliance.application.prove import Prove
    from compliance.application.read_entries import ListEntries, ReadEntry
    from compliance.application.read_trail import FindFirstEntry, ReadTrail
    from compliance.application.screen_transfers import ScreenTransfers
    from compliance.application.screening_blocks import LiftBlock, ListBlocks, PlaceBlock
    from compliance.infrastructure.queries import SqlComplianceQueries

    uow, queries = unit_of_work(database), SqlComplianceQueries(database)
    reads = AuditedReads(uow, clock)
    read_entry = ReadEntry(queries, reads)
    return Compliance(
        screen_transfers=ScreenTransfers(queries),
        list_blocks=ListBlocks(queries, reads),
        place_block=PlaceBlock(uow, clock),
        lift_block=LiftBlock(uow, clock),
        prove=Prove(queries),
        list_entries=ListEntries(queries, reads),
        read_entry=read_entry,
        read_trail=ReadTrail(queries, reads),
        find_first_entry=FindFirstEntry(queries),
        queries=queries,
        key=key,
    )


@asynccontextmanager
async def serving(settings: ComplianceSettings) -> AsyncIterator[Serving]:
    from chassis.run import service_resources
    from compliance.interfaces.grpc import rpc_services
    from compliance.interfaces.rest import ROUTERS

    async with service_resources(settings) as parts:
        signer = await Ed25519LogSigner.load(
            unit_of_work(parts.database), settings.key(), parts.clock, origin=settings.log_origin
        )
        compliance = build(parts.database, signer.key, parts.clock)
        rest = parts.rest(compliance, ROUTERS, title="Elcorp compliance")
        yield Serving(
            rest, rpc_services(compliance.screen_transfers, compliance.find_first_entry), parts.readiness, parts.background
        )


@asynccontextmanager
async def working(settings: ComplianceSettings) -> AsyncIterator[Working]:
    """Append everybody's audit facts, sign checkpoints, relay compliance's own events."""
    from chassis.messaging.consumer import Consumer
    from chassis.messaging.relay import Relay
    from compliance.application.acknowledge_erasure import AcknowledgeErasure
    from compliance.application.append_facts import AppendFacts
    from compliance.application.sign_checkpoint import SignCheckpoint
    from compliance.infrastructure.queries import SqlComplianceQueries
    from compliance.interfaces.checkpoints import CheckpointSigning
    from compliance.interfaces.subscriptions import subscriptions

    database_url, rabbitmq_url = settings.database_url.get_secret_value(), settings.rabbitmq_url.get_secret_value()
    database = Database.of(settings)
    readiness = Readiness()
    readiness.add("database", database.ping)
    uow = unit_of_work(database)
    try:
        clock = SystemClock()
        signer = await Ed25519LogSigner.load(uow, settings.key(), clock, origin=settings.log_origin)
        signing = CheckpointSigning(SignCheckpoint(uow, signer, clock), pause_seconds=settings.checkpoint_seconds)
        consumed = subscriptions(
            AppendFacts(uow),
            AcknowledgeErasure(uow, SqlComplianceQueries(database), clock),
            on_growth=signing.log_grew,
            batch_max=settings.append_batch_max,
            wait_ms_max=settings.append_wait_ms_max,
        )
        consumer = Consumer(rabbitmq_url, settings.NAME, consumed)
        relay = Relay(database_url, rabbitmq_url, PUBLICATIONS)
        yield Working((relay.run, consumer.run, signing.run), readiness)
    finally:
        await database.close()


@asynccontextmanager
async def checking(settings: ComplianceSettings) -> "AsyncIterator[CheckLog]":
    database = Database.of(settings, pool_size=1)
    try:
        yield check_log(database)
    finally:
        await database.close()


def check_log(database: Database) -> "CheckLog":
    from compliance.application.check_log import CheckLog
    from compliance.infrastructure.stored_log import stored_log
    from compliance.verifier import ed25519

    return CheckLog(stored_log(database), ed25519)


SERVICE = Service(
    name=ComplianceSettings.NAME,
    settings=ComplianceSettings,
    serving=serving,
    working=working,
    migrations=migrations_of(ComplianceSettings.NAME),
    commands=commands(checking),
)
