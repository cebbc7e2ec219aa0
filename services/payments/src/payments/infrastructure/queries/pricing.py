"""Reads of prices."""

# ruff: noqa: S608  # tables, columns and conditions are our own constants

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.persistence.database import Database
from kernel.pages import Page, PageRequest
from payments.application.pricing.queries import Prices, Recorded, TierView
from payments.domain.fee_rule import FeeRule
from payments.domain.fx_rate import FxRate
from payments.domain.limits import Limit, Spending
from payments.infrastructure.price_rows import FEE_RULES, FX_RATES, LIMITS, PriceT, PriceTable

_TIER = text("SELECT owner_id, tier, version, assigned_by, assigned_at FROM customer_tiers WHERE owner_id = :owner")
_SPENDING_COLUMNS = ("owner_id", "currency", "day", "day_total", "month", "month_total")
_SPENDINGS = f"SELECT {', '.join(_SPENDING_COLUMNS)} FROM spending WHERE owner_id = :owner"


class SqlPricingQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def fee_rules(
        self,
        page: PageRequest,
        *,
        at: datetime | None,
        kind: str | None = None,
        currency: str | None = None,
        code: str | None = None,
    ) -> Page[Recorded[FeeRule]]:
        return await self._page(FEE_RULES, page, at, {"kind": kind, "currency": currency, "series": code})

    async def fx_rates(
        self, page: PageRequest, *, at: datetime | None, base: str | None = None, quote: str | None = None
    ) -> Page[Recorded[FxRate]]:
        return await self._page(FX_RATES, page, at, {"base": base, "quote": quote})

    async def limits(
        self, page: PageRequest, *, at: datetime | None, tier: str | None = None, currency: str | None = None
    ) -> Page[Recorded[Limit]]:
        return await self._page(LIMITS, page, at, {"tier": tier, "currency": currency})

    async def tier(self, owner_id: UUID) -> TierView | None:
        async with self._database.read() as connection:
            row = (await connection.execute(_TIER, {"owner": owner_id})).one_or_none()
        return TierView(*row) if row else None

    async def spendings(self, owner_id: UUID) -> Sequence[Spending]:
        rows = await self._rows(_SPENDINGS, owner=owner_id)
        return [Spending(**dict(zip(_SPENDING_COLUMNS, row, strict=True))) for row in rows]

    async def prices(self, at: datetime) -> Prices:
        """Read each table in one statement: a version and the one that it replaced are always of one snapshot."""
        return Prices(await self._reaching(FEE_RULES, at), await self._reaching(FX_RATES, at), await self._reaching(LIMITS, at))

    async def _reaching(self, table: PriceTable[PriceT], at: datetime) -> tuple[PriceT, ...]:
        query = (
            f"SELECT {table.selected} FROM {table.name} WHERE valid_until IS NULL OR valid_until > :at ORDER BY series, version"
        )
        return tuple(table.read(row) for row in await self._rows(query, at=at))

    async def _page(
        self, table: PriceTable[PriceT], page: PageRequest, at: datetime | None, filters: dict[str, str | None]
    ) -> Page[Recorded[PriceT]]:
        given = {name: value for name, value in filters.items() if value is not None}
        conditions = [f"{name} = :{name}" for name in given]
        if at is not None:
            conditions.append("valid_from <= :at AND (valid_until IS NULL OR valid_until > :at)")
        where = " AND ".join(conditions) or "true"
        order = "series, version" if at is not None else "recorded_at DESC, series, version DESC"
        parameters = {**given, **({"at": at} if at is not None else {})}
        rows = await self._rows(
            f"""
            SELECT {table.selected}, recorded_by, recorded_at, reason FROM {table.name}
            WHERE {where} ORDER BY {order} LIMIT :limit OFFSET :offset
            """,
            **parameters,
            limit=page.per_page,
            offset=page.offset,
        )
        total = (await self._rows(f"SELECT count(*) FROM {table.name} WHERE {where}", **parameters))[0][0]
        items = [Recorded(table.read(row), row.recorded_by, row.recorded_at, row.reason) for row in rows]
        return Page(items, page.page, page.per_page, total)

    async def _rows(self, query: str, **parameters: object) -> Sequence[Any]:
        async with self._database.read() as connection:
            return (await connection.execute(text(query), parameters)).all()
