"""Fixtures: governance's REST (by ASGI) and gRPC APIs in this process, on a real database, with a fake identity."""

from collections.abc import AsyncIterator

import pytest

from chassis.persistence.database import Database
from chassis.policies import BundleRefresher, Policies
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.rest import rest_client
from chassis.testing.tokens import TokenForge
from governance.application import Governance
from governance.bootstrap import SERVICE
from governance.infrastructure.local_bundles import LocalBundles, LocalLimitedRoles
from governance.infrastructure.sql.limited_roles import SqlLimitedRoleViews
from governance.infrastructure.sql.policy_bundles import SqlPolicyBundleViews
from governance.interfaces.rest import ROUTERS
from kernel.actor import Actor
from kernel.ids import new_id
from services.governance.tests.contract.api import Api
from services.governance.tests.fakes.mails import FakeMails
from services.governance.tests.fakes.recorded_decisions import FakeRecordedDecisions
from services.governance.tests.fakes.subjects import FakeSubjects
from services.governance.tests.registry import wired
from services.governance.tests.stored import assigned


async def publish_bundle(urls: DatabaseUrls) -> None:
    """Publish the first bundle, as governance does at its first start."""
    database = Database.connect(urls.app, pool_size=1)
    app = wired(database, FakeSubjects(), ControlledClock())
    await app.policy_bundles.ensure_bundle(actor=Actor.service("governance"))
    await database.close()


@pytest.fixture
async def urls(databases: Databases) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("governance", SERVICE.migrations, seed=publish_bundle) as urls:
        yield urls


@pytest.fixture
def policies(clock: ControlledClock) -> Policies:
    return Policies(clock)


@pytest.fixture
def mails() -> FakeMails:
    return FakeMails()


@pytest.fixture
def recorded() -> FakeRecordedDecisions:
    return FakeRecordedDecisions()


@pytest.fixture
async def governance(
    *,
    database: Database,
    clock: ControlledClock,
    subjects: FakeSubjects,
    policies: Policies,
    mails: FakeMails,
    recorded: FakeRecordedDecisions,
) -> Governance:
    return wired(database, subjects, clock, decisions=policies, mails=mails, recorded=recorded)


@pytest.fixture
def subjects() -> FakeSubjects:
    return FakeSubjects()


@pytest.fixture
async def api(
    governance: Governance, database: Database, clock: ControlledClock, subjects: FakeSubjects, policies: Policies
) -> AsyncIterator[Api]:
    forge = TokenForge(clock)
    limited_roles = LocalLimitedRoles(SqlLimitedRoleViews(database))
    refresher = BundleRefresher(LocalBundles(SqlPolicyBundleViews(database)), policies, limited_roles=limited_roles)
    assert await refresher.refresh()
    async with rest_client(
        governance, ROUTERS, verifier=forge.verifier(), policies=policies, database=database, clock=clock
    ) as client:
        admin_id = new_id()
        await assigned(database, admin_id)
        yield Api(client, governance, subjects, forge, refresher, database, admin_id)
