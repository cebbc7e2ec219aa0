"""All repositories of payments in one transaction."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.approvals.table import SqlApprovals
from chassis.long_work import SqlLongWorks
from chassis.persistence.unit_of_work import SqlTransaction
from kernel.actor import Actor
from kernel.events import Aggregate
from payments.infrastructure.job_queue import JOB_QUEUE
from payments.infrastructure.sql.accounts import SqlAccountRepository
from payments.infrastructure.sql.bulk_transfers import SqlBulkRepository
from payments.infrastructure.sql.idempotency_keys import SqlKeyRepository
from payments.infrastructure.sql.ledger import SqlLedgerRepository
from payments.infrastructure.sql.ledger_breaks import SqlBreakRepository
from payments.infrastructure.sql.schedules import SqlScheduleRepository
from payments.infrastructure.sql.spending import SqlSpending
from payments.infrastructure.sql.transfers import SqlTransferRepository
from payments.infrastructure.sql.wallets import SqlWalletRepository


class SqlPaymentsTransaction(SqlTransaction):
    def __init__(self, session: AsyncSession, actor: Actor) -> None:
        super().__init__(session, actor)
        # Aggregates that repositories wrote, in that order.
        self.written: list[Aggregate] = []
        self.accounts = SqlAccountRepository(session, self.written)
        self.transfers = SqlTransferRepository(session, self.written)
        self.spending = SqlSpending(session)
        self.breaks = SqlBreakRepository(session)
        self.approvals = SqlApprovals(session, self.pipeline)
        self.ledger = SqlLedgerRepository(self.pipeline, self.written)
        self.bulks = SqlBulkRepository(session, self.written)
        self.schedules = SqlScheduleRepository(session, self.written)
        self.keys = SqlKeyRepository(session)

    @property
    def wallets(self) -> SqlWalletRepository:
        # Created on demand, like `works`: transfers, the hot path, do not need it.
        return SqlWalletRepository(self.session, self.accounts, self.written)

    @property
    def works(self) -> SqlLongWorks:
        return SqlLongWorks(self.session, JOB_QUEUE)

    async def before_commit(self) -> None:
        """Announce what `change` and `create` did not: no use case can forget the events of an aggregate that it wrote."""
        for aggregate in self.written:
            for event in aggregate.collect():
                self.announce(event)
