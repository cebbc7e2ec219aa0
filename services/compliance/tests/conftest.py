"""Fixtures: a migrated database for each test that requests one."""

from collections.abc import AsyncIterator

import pytest

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.testing.databases import Databases, DatabaseUrls
from compliance.bootstrap import SERVICE
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from compliance.wiring import unit_of_work


@pytest.fixture
async def urls(databases: Databases) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("compliance", SERVICE.migrations) as urls:
        yield urls


@pytest.fixture
async def database(databases: Databases, urls: DatabaseUrls) -> AsyncIterator[Database]:
    async with databases.connect(urls.app, pool_size=6) as database:
        yield database


@pytest.fixture
def uow(database: Database) -> SqlUnitOfWork[SqlComplianceTransaction]:
    return unit_of_work(database=database)
