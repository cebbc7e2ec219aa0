from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.objects import folder_of_worker
from payments.infrastructure.sql.transaction import SqlPaymentsTransaction
from payments.interfaces.publications import PUBLICATIONS
from services.payments.tests.usual import APPROVAL_KEY

VERSIONS = Path(__file__).parents[1] / "migrations" / "versions"


@pytest.fixture(scope="module", autouse=True)
def needed_settings() -> Iterator[None]:
    """Give a folder of files and the key of decisions to the processes that tests start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ELCORP_OBJECTS_URL", Path(folder_of_worker().name).as_uri())
        patch.setenv("ELCORP_APPROVAL_KEY", APPROVAL_KEY.get_secret_value())
        yield


@pytest.fixture
async def database_urls(databases: Databases) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("payments", VERSIONS) as urls:
        yield urls


@pytest.fixture
async def database(databases: Databases, database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    async with databases.connect(database_urls.app, pool_size=5) as database:
        yield database


@pytest.fixture
def uow(database: Database) -> SqlUnitOfWork[SqlPaymentsTransaction]:
    return SqlUnitOfWork(database, SqlPaymentsTransaction, PUBLICATIONS, service="payments")
