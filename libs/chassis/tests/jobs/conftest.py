"""The painters' database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chassis.persistence.database import Database
from chassis.testing.databases import Databases, DatabaseUrls
from libs.chassis.tests.jobs.painters import Painters, PainterSettings

VERSIONS = Path(__file__).parent / "versions"


@pytest.fixture
async def urls(databases: Databases) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("painters", VERSIONS) as urls:
        yield urls


@pytest.fixture
def painters(urls) -> Painters:
    return Painters(PainterSettings(database_url=urls.app))


@pytest.fixture
async def database(urls) -> AsyncIterator[Database]:
    database = Database.connect(urls.app, pool_size=3)
    yield database
    await database.close()
