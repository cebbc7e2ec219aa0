from collections.abc import Callable
from typing import Any

import pytest

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from payments.infrastructure.sql.transaction import SqlPaymentsTransaction
from payments.interfaces.publications import PUBLICATIONS
from services.payments.tests.fakes import FakeUnitOfWork


@pytest.fixture(params=["fake", "sql"])
def any_uow(request: pytest.FixtureRequest, database: Database) -> Any:
    """The unit of work in memory, and the real one."""
    makers: dict[str, Callable[[], Any]] = {
        "fake": FakeUnitOfWork,
        "sql": lambda: SqlUnitOfWork(database, SqlPaymentsTransaction, PUBLICATIONS, service="payments"),
    }
    return makers[request.param]()
