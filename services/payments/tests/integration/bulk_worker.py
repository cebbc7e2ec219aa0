"""A worker that runs one bulk and nothing else, for tests that kill it: python bulk_worker.py DSN BULK_ID."""

import asyncio
import sys
from uuid import UUID

from chassis.database import Database
from chassis.unit_of_work import SqlUnitOfWork
from kernel.clock import SystemClock
from payments.application.bulk.run_bulk import RunBulk
from payments.infrastructure.repositories.transaction import SqlPaymentsTransaction
from payments.interfaces.publications import PUBLICATIONS
from services.payments.tests.fakes import FakeScreening, posting


class NoRules:
    async def refresh(self) -> None:
        pass


def runner(database: Database) -> RunBulk:
    uow = SqlUnitOfWork(database, SqlPaymentsTransaction, PUBLICATIONS, service="payments")
    return RunBulk(uow, posting(uow, FakeScreening(), SystemClock()), NoRules(), SystemClock())


async def main(dsn: str, bulk_id: UUID) -> None:
    database = Database.connect(dsn, pool_size=2)
    await runner(database)(bulk_id=bulk_id)
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], UUID(sys.argv[2])))
