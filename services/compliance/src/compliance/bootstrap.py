"""Build compliance's processes from settings."""

# Import what only one process needs where it is built, so that a worker never loads the web framework.
# ruff: noqa: PLC0415

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from chassis.persistence.database import Database
from chassis.persistence.scope import PLATFORM
from chassis.run import Service, Serving, Working
from chassis.run.folders import migrations_of
from compliance import wiring
from compliance.application.audit.check_log import CheckLog
from compliance.infrastructure.log_key import Ed25519LogSigner
from compliance.interfaces.commands import commands
from compliance.interfaces.publications import PUBLICATIONS
from compliance.settings import ComplianceSettings
from kernel.clock import Clock, SystemClock

if TYPE_CHECKING:
    import procrastinate

    from compliance.application.audit.check_producers import CheckProducers
    from compliance.application.ports.completeness import Journal


@asynccontextmanager
async def serving(settings: ComplianceSettings) -> AsyncIterator[Serving]:
    from chassis.run import service_resources
    from compliance.interfaces.grpc import rpc_services
    from compliance.interfaces.rest import ROUTERS

    async with service_resources(settings) as resources:
        signer = await _signer(settings, resources.database, resources.clock)
        app = wiring.use_cases(database=resources.database, signer=signer, clock=resources.clock)
        rest = resources.rest(app, ROUTERS, title="Elcorp compliance")
        yield resources.serving(rest, rpc_services(app))


@asynccontextmanager
async def working(settings: ComplianceSettings) -> AsyncIterator[Working]:
    """Append the audit facts of all services and compare their journals, sign checkpoints, and relay compliance's own events."""
    from chassis.run import worker_resources
    from compliance.interfaces.checkpoints import CheckpointSigning
    from compliance.interfaces.reconciliation import Reconciliation

    async with worker_resources(settings, PUBLICATIONS) as worker, _journals(settings, worker.database) as journals:
        database, clock = worker.database, worker.clock
        app = wiring.use_cases(database=database, signer=await _signer(settings, database, clock), clock=clock)
        signing = CheckpointSigning(app.audit.sign_checkpoint, pause_seconds=settings.checkpoint_seconds)
        reconcile_producer = wiring.reconcile_producer(
            database=database, journals=journals, clock=clock, grace_seconds=settings.reconcile_grace_seconds
        )
        reconciliation = Reconciliation(
            reconcile_producer, app.audit.list_audit_producers, pause_seconds=settings.reconcile_seconds
        )
        consumed = wiring.consumed(app=app, on_growth=signing.log_grew, settings=settings)
        yield worker.working(consumed, signing.run, *reconciliation.runs())


def jobs(settings: ComplianceSettings) -> "procrastinate.App":
    """Remove the decisions of policies that are too old."""
    from chassis.jobs import make_jobs
    from compliance.interfaces.jobs import decision_jobs

    # Connects at the first job and stays open for the life of the process.
    database = Database.of(settings, scope=PLATFORM, pool_size=1)
    purge = wiring.purge_decisions(database=database, clock=SystemClock(), keep_days=settings.policy_decisions_keep_days)
    return make_jobs(settings, [decision_jobs(purge)])


async def _signer(settings: ComplianceSettings, database: Database, clock: Clock) -> Ed25519LogSigner:
    uow = wiring.unit_of_work(database=database)
    return await Ed25519LogSigner.load(uow, settings.key(), clock, origin=settings.log_origin)


@asynccontextmanager
async def _journals(settings: ComplianceSettings, database: Database) -> "AsyncIterator[Mapping[str, Journal]]":
    from chassis.audit_journal import JournalService
    from chassis.rpc import connect
    from compliance.infrastructure.journals import OwnJournal, PeerJournal

    async with (
        connect(settings, "identity") as identity,
        connect(settings, "payments") as payments,
        connect(settings, "governance") as governance,
    ):
        channels = {"identity": identity, "payments": payments, "governance": governance}
        peers = {peer: PeerJournal(channel) for peer, channel in channels.items()}
        yield {**peers, settings.NAME: OwnJournal(JournalService(database, settings.NAME))}


@asynccontextmanager
async def comparing(settings: ComplianceSettings) -> "AsyncIterator[CheckProducers]":
    database = Database.of(settings, pool_size=1)
    try:
        async with _journals(settings, database) as journals:
            grace_seconds = settings.reconcile_grace_seconds
            yield wiring.check_producers(database=database, journals=journals, clock=SystemClock(), grace_seconds=grace_seconds)
    finally:
        await database.close()


@asynccontextmanager
async def checking(settings: ComplianceSettings) -> AsyncIterator[CheckLog]:
    database = Database.of(settings, pool_size=1)
    has_master_key = settings.master_key_file is not None or bool(settings.master_key.get_secret_value())
    try:
        yield wiring.check_log(database=database, master_keys=settings.keys() if has_master_key else ())
    finally:
        await database.close()


SERVICE = Service(
    name=ComplianceSettings.NAME,
    settings=ComplianceSettings,
    serving=serving,
    working=working,
    jobs=jobs,
    migrations=migrations_of(ComplianceSettings.NAME),
    needs={"serve": ("master_key",), "work": ("master_key",)},
    commands=commands(checking, comparing),
)
