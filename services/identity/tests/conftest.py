from collections.abc import AsyncIterator

import pytest

from chassis.persistence.database import Database
from chassis.policies import Policies
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.policies import permitting
from identity.application import Identity
from identity.infrastructure.signing_keys import KeyRing, SealedKeyMaker
from identity.settings import IdentitySettings
from services.identity.tests.assembled import VERSIONS, assembled
from services.identity.tests.fakes import Fakes
from services.identity.tests.stored import MASTER_KEY

OVER_USERS = ["user:create", "user:read", "user:update", "user:delete"]
OVER_OTHERS = ["user:read_any", "user:update_any", "user:export_any", "user:erase_any"]
# "clerk" is a role as governance may define one: it has the permissions over users and no others.
GRANTS = {
    "admin": [*OVER_USERS, *OVER_OTHERS],
    "clerk": OVER_USERS,
    "staff": ["user:read", "user:read_any"],
    "user": ["user:read"],
}


@pytest.fixture
async def database_urls(databases: Databases) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("identity", VERSIONS) as urls:
        yield urls


@pytest.fixture
async def database(databases: Databases, database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    async with databases.connect(database_urls.app, pool_size=8) as database:
        yield database


@pytest.fixture(scope="session")
def usual_settings() -> IdentitySettings:
    """Use cheap hashes; other tests cover their cost. Built once, because reading the environment takes 25 ms."""
    return IdentitySettings(
        master_key=MASTER_KEY,
        argon2_memory_kib=64,
        argon2_passes=1,
        login_attempts_per_hour=5,
        # Most tests look at each recorded fact; test_attempt_counts.py tests that attempts are counted.
        attempts_recorded_singly=1000,
        acts_recorded_singly=1000,
    )


@pytest.fixture
def settings(usual_settings: IdentitySettings) -> IdentitySettings:
    return usual_settings.model_copy()


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
def ring(settings: IdentitySettings, clock: ControlledClock) -> KeyRing:
    return KeyRing(SealedKeyMaker(settings.key()), clock)


@pytest.fixture
def policies(clock: ControlledClock) -> Policies:
    return permitting(GRANTS, clock)


@pytest.fixture
async def identity(
    settings: IdentitySettings,
    database: Database,
    ring: KeyRing,
    fakes: Fakes,
    policies: Policies,
    clock: ControlledClock,
) -> AsyncIterator[Identity]:
    async with assembled(settings, database, ring, fakes, policies, clock) as identity:
        yield identity
