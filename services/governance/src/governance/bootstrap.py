"""How governance's processes are put together: the only file that names concrete classes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from chassis.database import Database
from chassis.health import Readiness
from chassis.run import Service, Serving, Working, wait_for
from chassis.unit_of_work import SqlUnitOfWork
from governance.application import Governance
from governance.application.grant_initial_role import GrantInitialRole
from governance.application.ports import Subjects
from governance.application.publish_bundle import EnsureBundle
from governance.infrastructure.cedar import CedarChecker
from governance.infrastructure.queries import SqlGovernanceQueries
from governance.infrastructure.repositories import SqlGovernanceTransaction
from governance.interfaces.publications import PUBLICATIONS
from governance.interfaces.subscriptions import subscriptions
from governance.settings import GovernanceSettings
from kernel.actor import Actor
from kernel.clock import Clock, SystemClock

if TYPE_CHECKING:
    import procrastinate

CLOSING_SECONDS = 1.0
# Beside the package in an installed wheel, beside `src` in the workspace.
_INSTALLED = Path(__file__).parent / "_migrations" / "versions"
MIGRATIONS = _INSTALLED if _INSTALLED.exists() else Path(__file__).parents[2] / "migrations" / "versions"


def unit_of_work(database: Database) -> SqlUnitOfWork[SqlGovernanceTransaction]:
    return SqlUnitOfWork(database, SqlGovernanceTransaction, PUBLICATIONS, service=GovernanceSettings.NAME)


def build(database: Database, subjects: Subjects, clock: Clock) -> Governance:
    """Put the use cases on a real database."""
    return Governance.of(
        uow=unit_of_work(database),
        subjects=subjects,
        checker=CedarChecker(),
        queries=SqlGovernanceQueries(database),
        clock=clock,
    )


@asynccontextmanager
async def serving(settings: GovernanceSettings) -> AsyncIterator[Serving]:
    from chassis.rest import create_app  # noqa: PLC0415  # a worker never loads the web framework
    from chassis.rpc import connect  # noqa: PLC0415
    from chassis.run import platform  # noqa: PLC0415
    from governance.infrastructure.identity import IdentitySubjects  # noqa: PLC0415
    from governance.infrastructure.local_bundles import LocalBundles  # noqa: PLC0415
    from governance.interfaces.grpc import rpc_services  # noqa: PLC0415
    from governance.interfaces.rest import ROUTERS  # noqa: PLC0415

    channel = connect(settings, "identity")
    async with platform(settings, bundle_source=lambda database: LocalBundles(SqlGovernanceQueries(database))) as parts:
        governance = build(parts.database, IdentitySubjects(channel), parts.clock)
        rest = create_app(
            title="Elcorp governance",
            application=governance,
            routers=ROUTERS,
            verifier=parts.verifier,
            policies=parts.policies,
            subject_roles=parts.subject_roles,
            idempotency=parts.idempotency,
            readiness=parts.readiness,
            trusted_proxies=settings.trusted_proxies,
        )
        first = publish_first(governance.ensure_bundle, then=lambda: parts.keeper.on_published(None))
        yield Serving(rest, rpc_services(governance), parts.readiness, [first, *parts.background])
    await channel.close(CLOSING_SECONDS)


def publish_first(ensure: EnsureBundle, *, then: Callable[[], Awaitable[None]]) -> Callable[[asyncio.Event], Awaitable[None]]:
    """Make the background work that sees to it, once, that a bundle of this release's form is published."""

    async def ensure_bundle(stop: asyncio.Event) -> None:
        await wait_for("the policy bundle to be published", lambda: ensure(actor=Actor.service(GovernanceSettings.NAME)), stop)
        await then()
        await stop.wait()

    return ensure_bundle


@asynccontextmanager
async def working(settings: GovernanceSettings) -> AsyncIterator[Working]:
    from chassis.messaging.consumer import Consumer  # noqa: PLC0415
    from chassis.messaging.relay import Relay  # noqa: PLC0415

    database_url, rabbitmq_url = settings.database_url.get_secret_value(), settings.rabbitmq_url.get_secret_value()
    database = Database.connect(database_url, pool_size=settings.database_pool_size)
    readiness = Readiness()
    readiness.add("database", database.ping)
    welcome = GrantInitialRole(unit_of_work(database), SystemClock())
    relay = Relay(database_url, rabbitmq_url, PUBLICATIONS)
    consumer = Consumer(rabbitmq_url, settings.NAME, subscriptions(welcome))
    try:
        yield Working([relay.run, consumer.run], readiness)
    finally:
        await database.close()


def jobs(settings: GovernanceSettings) -> "procrastinate.App":
    from chassis.jobs import make_jobs  # noqa: PLC0415

    return make_jobs(settings)


SERVICE = Service(
    name=GovernanceSettings.NAME,
    settings=GovernanceSettings,
    serving=serving,
    working=working,
    migrations=MIGRATIONS,
    jobs=jobs,
)
