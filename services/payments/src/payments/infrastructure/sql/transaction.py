"""All repositories of payments in one transaction."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.unit_of_work import SqlTransaction
from kernel.actor import Actor
from kernel.events import Aggregate
from payments.infrastructure.sql.accounts import SqlAccounts
from payments.infrastructure.sql.bulk_transfers import SqlBulks
from payments.infrastructure.sql.idempotency_keys import SqlKeys
from payments.infrastructure.sql.ledger import SqlLedger
from payments.infrastructure.sql.ledger_breaks import SqlBreaks
from payments.infrastructure.sql.schedules import SqlSchedules
from payments.infrastructure.sql.spending import SqlSpending
from payments.infrastructure.sql.transfers import SqlTransfers
from payments.infrastructure.sql.wallets import SqlWallets


class SqlPaymentsTransaction(SqlTransaction):
    def __init__(self, session: AsyncSession, actor: Actor) -> None:
        super().__init__(session, actor)
        # Aggregates that repositories wrote, in that order.
        self.written: list[Aggregate] = []
        self.accounts = SqlAccounts(session, self.written)
        self.transfers = SqlTransfers(session, self.written)
        self.spending = SqlSpending(session)
        self.breaks = SqlBreaks(session)
        self.ledger = SqlLedger(self.pipeline, self.written)
        self.bulks = SqlBulks(session, self.written)
        self.schedules = SqlSchedules(session, self.written)
        self.keys = SqlKeys(session)

    @property
    def wallets(self) -> SqlWallets:
        # Created on demand: transfers, the hot path, do not need it.
        return SqlWallets(self.session, self.accounts, self.written)

    async def before_commit(self) -> None:
        """Announce what `change` and `create` did not: no use case can forget the events of an aggregate that it wrote."""
        for aggregate in self.written:
            for event in aggregate.collect():
                self.announce(event)
