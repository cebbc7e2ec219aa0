import base64
from collections.abc import AsyncIterator

import pytest

from chassis.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import Databases, DatabaseUrls
from identity.application import Identity
from identity.infrastructure.signing_keys import KeyRing, SealedKeyMaker
from identity.settings import IdentitySettings
from services.identity.tests.assembled import VERSIONS, assembled
from services.identity.tests.fakes import Surroundings

MASTER_KEY = base64.b64encode(bytes(range(32))).decode()


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
    """Cheap hashes: what they cost is tested where it matters. Made once: reading the environment takes 25 ms."""
    return IdentitySettings(master_key=MASTER_KEY, argon2_memory_kib=64, argon2_passes=1, login_attempts_per_hour=5)


@pytest.fixture
def settings(usual_settings: IdentitySettings) -> IdentitySettings:
    return usual_settings.model_copy()


@pytest.fixture
def surroundings() -> Surroundings:
    return Surroundings()


@pytest.fixture
def ring(settings: IdentitySettings, clock: ControlledClock) -> KeyRing:
    return KeyRing(SealedKeyMaker(settings.key()), clock)


@pytest.fixture
async def identity(
    settings: IdentitySettings, database: Database, ring: KeyRing, surroundings: Surroundings, clock: ControlledClock
) -> AsyncIterator[Identity]:
    async with assembled(settings, database, ring, surroundings, clock) as identity:
        yield identity
