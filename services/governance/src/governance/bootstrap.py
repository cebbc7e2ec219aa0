"""Build governance's processes from settings."""

# Import what only one process needs where it is built, so that a worker never loads the web framework.
# ruff: noqa: PLC0415

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from chassis.persistence.database import Database
from chassis.persistence.scope import PLATFORM
from chassis.run import Service, Serving, Working, wait_until_ready
from chassis.run.folders import migrations_of
from chassis.waiting import sleep_unless
from governance import wiring
from governance.application.policy_bundles.ensure_bundle import EnsureBundle
from governance.application.standings.reconcile_standings import ReconcileStandings
from governance.interfaces.publications import PUBLICATIONS
from governance.settings import GovernanceSettings
from kernel.actor import Actor
from kernel.clock import SystemClock

if TYPE_CHECKING:
    import procrastinate

RECONCILED_EVERY_SECONDS: Final = 600.0


@asynccontextmanager
async def serving(settings: GovernanceSettings) -> AsyncIterator[Serving]:
    from chassis.business_time.namibia import namibian_special_days
    from chassis.rpc import connect
    from chassis.run import service_resources
    from governance.infrastructure.contract_vocabulary import contract_vocabulary
    from governance.infrastructure.decision_point import EngineDecisionPoint
    from governance.infrastructure.invitation_mails import IdentityInvitationMails
    from governance.infrastructure.local_bundles import LocalBundles, LocalLimitedRoles
    from governance.infrastructure.policy_checker import CedarChecker
    from governance.infrastructure.policy_lab import EnginePolicyLab
    from governance.infrastructure.recorded_decisions import ComplianceDecisions
    from governance.infrastructure.sql.limited_roles import SqlLimitedRoleViews
    from governance.infrastructure.sql.policy_bundles import SqlPolicyBundleViews
    from governance.infrastructure.subjects import IdentitySubjects
    from governance.interfaces.grpc import rpc_services
    from governance.interfaces.rest import ROUTERS

    async with (
        connect(settings, "identity") as identity,
        connect(settings, "compliance") as compliance,
        service_resources(
            settings,
            bundle_source=lambda database: LocalBundles(SqlPolicyBundleViews(database)),
            limited_role_source=lambda database: LocalLimitedRoles(SqlLimitedRoleViews(database)),
            ending_source=lambda database: LocalLimitedRoles(SqlLimitedRoleViews(database)),
        ) as resources,
    ):
        app = wiring.use_cases(
            database=resources.database,
            subjects=IdentitySubjects(identity),
            checker=CedarChecker(),
            lab=EnginePolicyLab(contract_vocabulary(), namibian_special_days(settings.declared_days), resources.clock),
            recorded=ComplianceDecisions(compliance),
            decisions=resources.policies,
            decision_point=EngineDecisionPoint(resources.policies, contract_vocabulary(), resources.clock),
            mails=IdentityInvitationMails(identity),
            clock=resources.clock,
        )
        rest = resources.rest(app, ROUTERS, title="Elcorp governance")
        publish = publish_first(app.policy_bundles.ensure_bundle, then=lambda: resources.refresher.on_published(None))
        reconcile = reconcile_periodically(app.standings.reconcile_standings)
        yield resources.serving(rest, rpc_services(app), publish, reconcile)


def publish_first(ensure: EnsureBundle, *, then: Callable[[], Awaitable[None]]) -> Callable[[asyncio.Event], Awaitable[None]]:
    """Return background work that publishes, once at start, a bundle as this release compiles it."""

    async def ensure_bundle(stop: asyncio.Event) -> None:
        await wait_until_ready(
            "the policy bundle to be published", lambda: ensure(actor=Actor.service(GovernanceSettings.NAME)), stop
        )
        await then()
        await stop.wait()

    return ensure_bundle


def reconcile_periodically(
    reconcile: ReconcileStandings, *, every_seconds: float = RECONCILED_EVERY_SECONDS
) -> Callable[[asyncio.Event], Awaitable[None]]:
    """Return background work that compares standings with identity, at start and then periodically."""

    async def reconcile_standings(stop: asyncio.Event) -> None:
        actor = Actor.service(GovernanceSettings.NAME)
        while not stop.is_set():
            await wait_until_ready("identity to answer who is able to act", lambda: reconcile(actor=actor), stop)
            await sleep_unless(stop, every_seconds)

    return reconcile_standings


@asynccontextmanager
async def working(settings: GovernanceSettings) -> AsyncIterator[Working]:
    from chassis.run import worker_resources

    async with worker_resources(settings, PUBLICATIONS) as worker:
        yield worker.working(wiring.consumed(database=worker.database, clock=worker.clock))


def jobs(settings: GovernanceSettings) -> "procrastinate.App":
    """End roles, memberships and access reviews whose end has come, and forget the steps of invitations."""
    from chassis.jobs import make_jobs
    from governance.infrastructure.report_signer import Ed25519ReportSigner
    from governance.interfaces.jobs import access_jobs, review_jobs

    # Connects at the first job and stays open for the life of the process.
    database = Database.of(settings, scope=PLATFORM)
    clock = SystemClock()
    periodic = access_jobs(
        wiring.end_limited_roles(database=database, clock=clock),
        wiring.end_memberships(database=database, clock=clock),
        job_seconds=settings.job_seconds,
    )
    reviews = review_jobs(
        wiring.ask_reviewers(database=database, clock=clock),
        wiring.close_access_reviews(database=database, signer=Ed25519ReportSigner.of(settings.report_secret()), clock=clock),
        job_seconds=settings.job_seconds,
    )
    return make_jobs(settings, [periodic, reviews])


SERVICE = Service(
    name=GovernanceSettings.NAME,
    settings=GovernanceSettings,
    serving=serving,
    working=working,
    jobs=jobs,
    migrations=migrations_of(GovernanceSettings.NAME),
    needs={"jobs": ("report_key",)},
)
