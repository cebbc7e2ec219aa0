"""Prices in PostgreSQL: rarely written, and by one at a time."""

# ruff: noqa: S608  # tables and columns are our own constants

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Generic
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.unit_of_work import SqlTransaction
from kernel.actor import Actor
from payments.application.pricing.queries import TierView
from payments.domain.validity import Validity
from payments.infrastructure.price_rows import FEE_RULES, FX_RATES, LIMITS, PriceT, PriceTable

# A row lock cannot hold what does not exist yet. Nothing else of a transfer waits for this one.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('pricing', 0))")
_LOCK_OWNER = text("SELECT pg_advisory_xact_lock(hashtextextended('tier/' || :owner, 0))")
_TIER = text("SELECT owner_id, tier, version, assigned_by, assigned_at FROM customer_tiers WHERE owner_id = :owner")
_IS_LIMITED = text(
    "SELECT EXISTS (SELECT FROM limits WHERE tier = :tier AND (valid_until IS NULL OR valid_until > greatest(:at, valid_from)))"
)
_SAVE_TIER = text(
    """
    INSERT INTO customer_tiers (owner_id, tier, version, assigned_by, assigned_at)
    VALUES (:owner, :tier, :version, :by, :at)
    ON CONFLICT (owner_id) DO UPDATE SET tier = :tier, version = :version, assigned_by = :by, assigned_at = :at
    """
)


class SqlVersions(Generic[PriceT]):
    def __init__(self, session: AsyncSession, table: PriceTable[PriceT]) -> None:
        self._session = session
        self._table: PriceTable[PriceT] = table

    async def lock(self, series: str, at: datetime) -> Sequence[PriceT]:
        # Lock first and read in a second statement: the snapshot of one statement would be older than its lock.
        await self._session.execute(_LOCK)
        return await self._read("series = :series AND (valid_until IS NULL OR valid_until > :at)", series=series, at=at)

    async def lock_one(self, version_id: UUID) -> PriceT | None:
        await self._session.execute(_LOCK)
        found = await self._read("id = :id", id=version_id)
        return found[0] if found else None

    async def add(self, draft: PriceT, *, by: str, at: datetime, reason: str) -> PriceT:
        table = self._table
        values = {name: _parameter(value) for name, value in table.write(draft).items()}
        places = ", ".join(f"cast(:{name} AS jsonb)" if name == "tiers" else f":{name}" for name in table.columns)
        number = await self._session.scalar(
            text(
                f"""
                INSERT INTO {table.name}
                    (id, series, version, valid_from, valid_until, recorded_by, recorded_at, reason, {", ".join(table.columns)})
                SELECT :id, :series, coalesce(max(version), 0) + 1, :since, :until, :by, :at, :reason, {places}
                FROM {table.name} WHERE series = :series RETURNING version
                """
            ),
            {
                "id": draft.id,
                "series": draft.series,
                "since": draft.validity.since,
                "until": draft.validity.until,
                "by": by,
                "at": at,
                "reason": reason,
                **values,
            },
        )
        return replace(draft, version=number)

    async def end(self, version: PriceT, until: datetime) -> PriceT:
        query = text(f"UPDATE {self._table.name} SET valid_until = :until WHERE id = :id")
        await self._session.execute(query, {"id": version.id, "until": until})
        return replace(version, validity=Validity(version.validity.since, until))

    async def _read(self, where: str, **parameters: object) -> Sequence[PriceT]:
        query = text(f"SELECT {self._table.selected} FROM {self._table.name} WHERE {where} ORDER BY version")
        rows = (await self._session.execute(query, parameters)).all()
        return [self._table.read(row) for row in rows]


class SqlTiers:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, owner_id: UUID) -> TierView | None:
        await self._session.execute(_LOCK_OWNER, {"owner": str(owner_id)})
        row = (await self._session.execute(_TIER, {"owner": owner_id})).one_or_none()
        return TierView(*row) if row else None

    async def is_limited(self, tier: str, at: datetime) -> bool:
        return bool(await self._session.scalar(_IS_LIMITED, {"tier": tier, "at": at}))

    async def save(self, tier: TierView) -> None:
        await self._session.execute(
            _SAVE_TIER,
            {
                "owner": tier.owner_id,
                "tier": tier.tier,
                "version": tier.version,
                "by": tier.assigned_by,
                "at": tier.assigned_at,
            },
        )


class SqlPricingTransaction(SqlTransaction):
    """Its own, for prices and transfers are never changed together."""

    def __init__(self, session: AsyncSession, actor: Actor) -> None:
        super().__init__(session, actor)
        self.fee_rules = SqlVersions(session, FEE_RULES)
        self.fx_rates = SqlVersions(session, FX_RATES)
        self.limits = SqlVersions(session, LIMITS)
        self.tiers = SqlTiers(session)


def _parameter(value: Any) -> Any:
    """Write JSON as text; a list of texts is an array."""
    return json.dumps(value) if isinstance(value, list) and value and isinstance(value[0], dict) else value
