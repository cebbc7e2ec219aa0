"""Limits and owners' tiers in PostgreSQL."""

# ruff: noqa: S608  # columns are our own constants

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kernel.pages import Page, PageRequest
from payments.application.ports.limits import AssignedTier
from payments.application.versions import VersionRecord
from payments.domain.limits import Limit, Spending
from payments.domain.validity import Validity
from payments.infrastructure.sql.versions import SqlVersionReads, VersionTable

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
_SPENDING_COLUMNS = ("owner_id", "currency", "day", "day_total", "month", "month_total")
_SPENDINGS = text(f"SELECT {', '.join(_SPENDING_COLUMNS)} FROM spending WHERE owner_id = :owner")


def _limit(row: Any) -> Limit:
    return Limit(
        id=row.id,
        tier=row.tier,
        currency=row.currency,
        version=row.version,
        validity=Validity(row.valid_from, row.valid_until),
        single_max=row.single_max,
        day_max=row.day_max,
        month_max=row.month_max,
    )


def _limit_values(limit: Limit) -> Mapping[str, object]:
    return {
        "tier": limit.tier,
        "currency": limit.currency,
        "single_max": limit.single_max,
        "day_max": limit.day_max,
        "month_max": limit.month_max,
    }


LIMITS: Final = VersionTable("limits", ("tier", "currency", "single_max", "day_max", "month_max"), _limit, _limit_values)


class SqlTierRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, owner_id: UUID) -> AssignedTier | None:
        await self._session.execute(_LOCK_OWNER, {"owner": str(owner_id)})
        row = (await self._session.execute(_TIER, {"owner": owner_id})).one_or_none()
        return AssignedTier(*row) if row else None

    async def is_limited(self, tier: str, at: datetime) -> bool:
        return bool(await self._session.scalar(_IS_LIMITED, {"tier": tier, "at": at}))

    async def save(self, tier: AssignedTier) -> None:
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


class SqlLimitViews(SqlVersionReads):
    async def in_force(
        self, page: PageRequest, *, at: datetime, tier: str | None = None, currency: str | None = None
    ) -> Page[Limit]:
        return await self._in_force(LIMITS, page, at, tier=tier, currency=currency)

    async def history(
        self, page: PageRequest, *, tier: str | None = None, currency: str | None = None
    ) -> Page[VersionRecord[Limit]]:
        return await self._history(LIMITS, page, tier=tier, currency=currency)

    async def tier_of(self, owner_id: UUID) -> AssignedTier | None:
        rows = await self._rows(_TIER, owner=owner_id)
        return AssignedTier(*rows[0]) if rows else None

    async def spendings(self, owner_id: UUID) -> Sequence[Spending]:
        rows = await self._rows(_SPENDINGS, owner=owner_id)
        return [Spending(**dict(zip(_SPENDING_COLUMNS, row, strict=True))) for row in rows]
