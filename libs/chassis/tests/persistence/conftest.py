"""The doors' database."""

from collections.abc import AsyncIterator

import pytest

from chassis.persistence.database import Database
from chassis.testing.databases import Databases, DatabaseUrls
from libs.chassis.tests.persistence.doors_database import VERSIONS


@pytest.fixture
async def urls(databases: Databases) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("doors", VERSIONS) as urls:
        yield urls


@pytest.fixture
async def database(urls: DatabaseUrls) -> AsyncIterator[Database]:
    database = Database.connect(urls.app, pool_size=4)
    yield database
    await database.close()
