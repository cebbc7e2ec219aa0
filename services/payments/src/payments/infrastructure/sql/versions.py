"""Versions of prices in PostgreSQL: rarely written, by one transaction at a time."""

# ruff: noqa: S608  # tables, columns and conditions are our own constants

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.sql_reads import SqlReads
from kernel.pages import Page, PageRequest
from payments.application.versions import VersionRecord
from payments.domain.fee_rule import FeeRule
from payments.domain.fx_rate import FxRate
from payments.domain.limits import Limit
from payments.domain.validity import Validity

PriceT = TypeVar("PriceT", FeeRule, FxRate, Limit)
# A row lock cannot protect a row that does not exist yet. No transfer waits for this lock.
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('pricing', 0))")
_IN_FORCE: Final = "valid_from <= :at AND (valid_until IS NULL OR valid_until > :at)"


@dataclass(frozen=True, slots=True)
class VersionTable(Generic[PriceT]):
    """A table of versions: its columns, and how to read and write its rows."""

    name: str
    columns: tuple[str, ...]
    read: Callable[[Any], PriceT]
    write: Callable[[PriceT], Mapping[str, object]]

    @property
    def selected(self) -> str:
        return ", ".join(("id", "series", "version", "valid_from", "valid_until", *self.columns))


class SqlVersionRepository(Generic[PriceT]):
    def __init__(self, session: AsyncSession, table: VersionTable[PriceT]) -> None:
        self._session = session
        self._table: VersionTable[PriceT] = table

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


class SqlVersionReads(SqlReads):
    """The common reads of fees, rates and limits."""

    async def _in_force(
        self, table: VersionTable[PriceT], page: PageRequest, at: datetime, **filters: str | None
    ) -> Page[PriceT]:
        return (await self._versions(table, page, "series, version", [_IN_FORCE], {"at": at}, filters)).map(table.read)

    async def _history(
        self, table: VersionTable[PriceT], page: PageRequest, **filters: str | None
    ) -> Page[VersionRecord[PriceT]]:
        found = await self._versions(table, page, "recorded_at DESC, series, version DESC", [], {}, filters)
        return found.map(lambda row: VersionRecord(table.read(row), row.recorded_by, row.recorded_at, row.reason))

    async def _versions(
        self,
        table: VersionTable[PriceT],
        page: PageRequest,
        order: str,
        conditions: Sequence[str],
        parameters: Mapping[str, object],
        filters: Mapping[str, str | None],
    ) -> Page[Any]:
        given: dict[str, object] = {name: value for name, value in filters.items() if value is not None}
        where = " AND ".join([*(f"{name} = :{name}" for name in given), *conditions]) or "true"
        listed = text(
            f"""
            SELECT {table.selected}, recorded_by, recorded_at, reason, count(*) OVER () AS total FROM {table.name}
            WHERE {where} ORDER BY {order} LIMIT :limit OFFSET :offset
            """
        )
        return await self._page(listed, page, **given, **parameters)


def _parameter(value: Any) -> Any:
    """Write JSON as text. A list of texts is an array."""
    return json.dumps(value) if isinstance(value, list) and value and isinstance(value[0], dict) else value
