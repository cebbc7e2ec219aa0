"""Fixtures: a migrated database for each test that requests one."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.testing.databases import Databases, DatabaseUrls
from compliance.bootstrap import SERVICE
from compliance.infrastructure import journals
from compliance.infrastructure.sql.transaction import SqlComplianceTransaction
from compliance.wiring import unit_of_work
from services.compliance.tests.producers import Producer


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


@pytest.fixture
async def producer(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Producer]:
    """Another service, whose journal has the same tables and is read in pages of 100."""
    monkeypatch.setattr(journals, "PAGE_ENTRIES", 100)
    async with databases.create("compliance", SERVICE.migrations) as urls, databases.connect(urls.app, pool_size=1) as database:
        url = databases.superuser_url.rpartition("/")[0] + f"/{urls.name}"
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            yield Producer(urls, database, connection)
