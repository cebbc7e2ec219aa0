"""Fees, rates and limits together: the read for a process's memory, and the transaction that changes them."""

# ruff: noqa: S608  # tables and columns are our own constants

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.sql_reads import SqlReads
from chassis.persistence.unit_of_work import SqlTransaction
from kernel.actor import Actor
from payments.application.ports.prices import Prices
from payments.infrastructure.sql.fees import FEE_RULES
from payments.infrastructure.sql.limits import LIMITS, SqlTierRepository
from payments.infrastructure.sql.rates import FX_RATES
from payments.infrastructure.sql.versions import PriceT, SqlVersionRepository, VersionTable


class SqlPrices(SqlReads):
    async def reaching(self, at: datetime) -> Prices:
        """Read what is in force at `at` or later.

        Each table is read in one statement, so a version and the one that it replaced come from one snapshot.
        """
        return Prices(await self._reaching(FEE_RULES, at), await self._reaching(FX_RATES, at), await self._reaching(LIMITS, at))

    async def _reaching(self, table: VersionTable[PriceT], at: datetime) -> tuple[PriceT, ...]:
        query = (
            f"SELECT {table.selected} FROM {table.name} WHERE valid_until IS NULL OR valid_until > :at ORDER BY series, version"
        )
        return tuple(table.read(row) for row in await self._rows(text(query), at=at))


class SqlPricingTransaction(SqlTransaction):
    """A separate transaction type, because prices and transfers never change together."""

    def __init__(self, session: AsyncSession, actor: Actor) -> None:
        super().__init__(session, actor)
        self.fee_rules = SqlVersionRepository(session, FEE_RULES)
        self.fx_rates = SqlVersionRepository(session, FX_RATES)
        self.limits = SqlVersionRepository(session, LIMITS)
        self.tiers = SqlTierRepository(session)
