from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chassis.persistence.database import Database
from chassis.testing.databases import Databases

VERSIONS = Path(__file__).parent / "versions"


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    async with databases.create("people", VERSIONS) as urls, databases.connect(urls.app, pool_size=6) as database:
        yield database
