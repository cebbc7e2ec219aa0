"""Workers that run one bulk transfer and are killed at given points, one after another: python bulk_worker.py DSN BULK_ID POINT….

A point is the number of a transaction and whether its worker dies `in` it, just before the commit, or `after` it.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from chassis.persistence.database import Database
from chassis.persistence.unit_of_work import SqlUnitOfWork
from kernel.actor import Actor
from kernel.clock import SystemClock
from payments.application.bulk_transfers.run_bulk import RunBulk
from payments.application.ports.bulk_transfers import RuleRefresher
from payments.application.ports.payer_rights import Authority
from payments.infrastructure.sql.accounts import SqlAccountLookup
from payments.infrastructure.sql.transaction import SqlPaymentsTransaction
from payments.interfaces.publications import PUBLICATIONS
from services.payments.tests.fakes.authority import FakeAuthority
from services.payments.tests.fakes.rules import NoRules
from services.payments.tests.fakes.screening import FakeScreening
from services.payments.tests.posting import judging, posting


class DeadlyUnitOfWork(SqlUnitOfWork[SqlPaymentsTransaction]):
    """Kills its process at one point."""

    def __init__(self, database: Database, point: str) -> None:
        super().__init__(database, SqlPaymentsTransaction, PUBLICATIONS, service="payments")
        self._point = point
        self._begun = 0

    @asynccontextmanager
    async def _begin(self, actor: Actor, *, audited: bool) -> AsyncIterator[SqlPaymentsTransaction]:
        self._begun += 1
        number = self._begun
        async with super()._begin(actor, audited=audited) as tx:
            yield tx
            self._die_at(f"in {number}")
        self._die_at(f"after {number}")

    def _die_at(self, point: str) -> None:
        if point == self._point:
            os.kill(os.getpid(), signal.SIGKILL)


def runner(database: Database, rules: RuleRefresher | None = None, authority: Authority | None = None) -> RunBulk:
    uow = SqlUnitOfWork(database, SqlPaymentsTransaction, PUBLICATIONS, service="payments")
    return _run_bulk(uow, database, rules or NoRules(), authority or FakeAuthority())


def _run_bulk(
    uow: SqlUnitOfWork[SqlPaymentsTransaction], database: Database, rules: RuleRefresher, authority: Authority
) -> RunBulk:
    post = posting(uow, FakeScreening(), SystemClock())
    return RunBulk(uow, post, rules, authority, judging(SqlAccountLookup(database), post), SystemClock())


async def _run_until(point: str, dsn: str, bulk_id: UUID) -> None:
    database = Database.connect(dsn, pool_size=2)
    await _run_bulk(DeadlyUnitOfWork(database, point), database, NoRules(), FakeAuthority())(bulk_id=bulk_id)


def main(dsn: str, bulk_id: UUID, points: list[str]) -> None:
    for point in points:
        # A fork is a separate process, without the second that a new interpreter takes.
        worker = os.fork()
        if worker == 0:
            asyncio.run(_run_until(point, dsn, bulk_id))
            os._exit(0)
        _, status = os.waitpid(worker, 0)
        if not os.WIFSIGNALED(status):
            sys.exit(f"the worker to be killed {point} ended with status {status}")


if __name__ == "__main__":
    main(sys.argv[1], UUID(sys.argv[2]), sys.argv[3:])
