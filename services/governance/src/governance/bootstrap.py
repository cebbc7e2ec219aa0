"""How governance's processes are put together: the only file that names concrete classes."""

# What only one process needs is imported where it is built: a worker never loads the web framework.
# ruff: noqa: PLC0415

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from chassis.audited_reads import AuditedReads
from chassis.health import Readiness
from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.run import Service, Serving, Working, wait_until_ready
from chassis.run.folders import migrations_of
from chassis.waiting import sleep_unless
from governance.application import Governance
from governance.application.acknowledge_erasure import AcknowledgeErasure
from governance.application.follow_standing import FollowStanding
from governance.application.grant_initial_role import GrantInitialRole
from governance.application.ports import Subjects
from governance.application.publish_bundle import EnsureBundle
from governance.application.reconcile_standings import ReconcileStandings
from governance.infrastructure.queries import SqlGovernanceQueries
from governance.infrastructure.repositories import SqlGovernanceTransaction
from governance.interfaces.publications import PUBLICATIONS
from governance.interfaces.subscriptions import subscriptions
from governance.settings import GovernanceSettings
from kernel.actor import Actor
from kernel.clock import Clock, SystemClock

RECONCILED_EVERY_SECONDS: Final = 600.0


def unit_of_work(database: Database) -> SqlUnitOfWork[SqlGovernanceTransaction]:
    return SqlUnitOfWork(database, SqlGovernanceTransaction, PUBLICATIONS, service=GovernanceSettings.NAME)


def build(database: Database, subjects: Subjects, clock: Clock) -> Governance:
    """Put the use cases on a real database."""
    from governance.infrastructure.cedar import CedarChecker

    uow = unit_of_work(database)
    return Governance.of(
        uow=uow,
        subjects=subjects,
        checker=CedarChecker(),
        queries=SqlGovernanceQueries(database),
        reads=AuditedReads(uow, clock),
        clock=clock,
    )


@asynccontextmanager
async def serving(settings: GovernanceSettings) -> AsyncIterator[Serving]:
    from chassis.rpc import connect
    from chassis.run import service_resources
    from governance.infrastructure.identity import IdentitySubjects
    from governance.infrastructure.local_bundles import LocalBundles
    from governance.interfaces.grpc import rpc_services
    from governance.interfaces.rest import ROUTERS

    async with (
        connect(settings, "identity") as identity,
        service_resources(settings, bundle_source=lambda database: LocalBundles(SqlGovernanceQueries(database))) as parts,
    ):
        governance = build(parts.database, IdentitySubjects(identity), parts.clock)
        rest = parts.rest(governance, ROUTERS, title="Elcorp governance")
        first = publish_first(governance.ensure_bundle, then=lambda: parts.refresher.on_published(None))
        reconcile = reconcile_again_and_again(governance.reconcile_standings)
        yield Serving(rest, rpc_services(governance), parts.readiness, [first, reconcile, *parts.background])


def publish_first(ensure: EnsureBundle, *, then: Callable[[], Awaitable[None]]) -> Callable[[asyncio.Event], Awaitable[None]]:
    """Make the background work that sees to it, once, that a bundle of this release's form is published."""

    async def ensure_bundle(stop: asyncio.Event) -> None:
        await wait_until_ready(
            "the policy bundle to be published", lambda: ensure(actor=Actor.service(GovernanceSettings.NAME)), stop
        )
        await then()
        await stop.wait()

    return ensure_bundle


def reconcile_again_and_again(
    reconcile: ReconcileStandings, *, every_seconds: float = RECONCILED_EVERY_SECONDS
) -> Callable[[asyncio.Event], Awaitable[None]]:
    """Make the background work that compares standings with identity, at start and then periodically."""

    async def reconcile_standings(stop: asyncio.Event) -> None:
        actor = Actor.service(GovernanceSettings.NAME)
        while not stop.is_set():
            await wait_until_ready("identity to tell who is able to act", lambda: reconcile(actor=actor), stop)
            await sleep_unless(stop, every_seconds)

    return reconcile_standings


@asynccontextmanager
async def working(settings: GovernanceSettings) -> AsyncIterator[Working]:
    from chassis.messaging.consumer import Consumer
    from chassis.messaging.relay import Relay

    database_url, rabbitmq_url = settings.database_url.get_secret_value(), settings.rabbitmq_url.get_secret_value()
    database = Database.of(settings)
    readiness = Readiness()
    readiness.add("database", database.ping)
    uow, clock = unit_of_work(database), SystemClock()
    consumed = subscriptions(GrantInitialRole(uow, clock), AcknowledgeErasure(uow, clock), FollowStanding(uow, clock))
    relay = Relay(database_url, rabbitmq_url, PUBLICATIONS)
    consumer = Consumer(rabbitmq_url, settings.NAME, consumed)
    try:
        yield Working([relay.run, consumer.run], readiness)
    finally:
        await database.close()


SERVICE = Service(
    name=GovernanceSettings.NAME,
    settings=GovernanceSettings,
    serving=serving,
    working=working,
    migrations=migrations_of(GovernanceSettings.NAME),
)
