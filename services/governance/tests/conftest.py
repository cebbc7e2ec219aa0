"""Fixtures: a migrated database for each test that requests one."""

from collections.abc import AsyncIterator

import pytest

from chassis.persistence.database import Database
from chassis.testing.clocks import ControlledClock
from chassis.testing.databases import Databases, DatabaseUrls
from governance.bootstrap import SERVICE
from services.governance.tests.registry import Registry


@pytest.fixture
async def urls(databases: Databases) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("governance", SERVICE.migrations) as urls:
        yield urls


@pytest.fixture
async def database(databases: Databases, urls: DatabaseUrls) -> AsyncIterator[Database]:
    async with databases.connect(urls.app, pool_size=4) as database:
        yield database


@pytest.fixture
async def registry(database: Database, clock: ControlledClock) -> Registry:
    return await Registry.open(database, clock)
