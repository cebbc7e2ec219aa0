import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chassis.database import Database
from chassis.testing.databases import Databases, DatabaseUrls
from identity.settings import IdentitySettings

VERSIONS = Path(__file__).parents[1] / "migrations" / "versions"
MASTER_KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
async def database_urls(databases: Databases) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("identity", VERSIONS) as urls:
        yield urls


@pytest.fixture
async def database(database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    database = Database.connect(database_urls.app, pool_size=8)
    yield database
    await database.close()


@pytest.fixture
def settings() -> IdentitySettings:
    """Cheap hashes: what they cost is tested where it matters."""
    return IdentitySettings(master_key=MASTER_KEY, argon2_memory_kib=64, argon2_passes=1, login_attempts_per_hour=5)
