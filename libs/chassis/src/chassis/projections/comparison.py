"""Compare a copy with the producer's rows."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.projections.copied_rows import CopiedRow, CopyTable
from chassis.projections.follower import Feed

# A change may be on its way to the copy: a difference that ends within these looks is none.
LOOKS: Final = 5
LOOK_EVERY_SECONDS: Final = 1.0
_KEYS_AT_ONCE: Final = 10_000


class HistoryChanged(Exception):
    """The producer's history changed during the comparison. Compare again once the copy is filled."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that the copy lacks, has in addition, or has in another state. A missing side is None."""

    key: UUID
    produced: CopiedRow | None
    copied: CopiedRow | None

    def __str__(self) -> str:
        return f"{self.key}: producer {_shown(self.produced)}, copy {_shown(self.copied)}"


class Comparison:
    """Compares all rows while both sides go on. Keeps the producer's keys in memory: 100 bytes per row."""

    def __init__(self, database: Database, rows: CopyTable, feed: Feed) -> None:
        self._database = database
        self._rows = rows
        self._feed = feed
        self._restart = ""
        self._seen: set[UUID] = set()
        self.compared = 0

    async def differences(self) -> list[Difference]:
        """Return the lasting differences, by key. Raise Unavailable if the producer does not answer."""
        suspects: dict[UUID, CopiedRow | None] = {}
        async for page in self._round():
            suspects |= await self._differing(page)
        self.compared = len(self._seen)
        suspects |= {key: None async for key in self._additional()}
        for look in range(LOOKS):
            if not suspects:
                break
            if look:
                await asyncio.sleep(LOOK_EVERY_SECONDS)
            async for page in self._round():
                suspects |= page
            suspects = await self._differing(suspects)
        copied = await self._copied(suspects)
        return [Difference(key, row, copied.get(key)) for key, row in sorted(suspects.items())]

    async def _round(self) -> AsyncIterator[dict[UUID, CopiedRow]]:
        """Yield the producer's rows that changed since the last round."""
        cursor, restart = self._restart, ""
        while True:
            page = await self._feed.page(cursor)
            if page.is_reset:
                raise HistoryChanged
            self._seen.update(row.key for row in page.rows)
            yield {row.key: row for row in page.rows}
            cursor, restart = page.cursor, restart or page.restart
            if page.is_last:
                self._restart = restart
                return

    async def _differing(self, produced: Mapping[UUID, CopiedRow | None]) -> dict[UUID, CopiedRow | None]:
        copied = await self._copied(produced)
        return {key: row for key, row in produced.items() if copied.get(key) != row}

    async def _copied(self, keys: Mapping[UUID, Any]) -> dict[UUID, CopiedRow]:
        async with self._database.read() as connection:
            found = (await connection.execute(self._rows.read, {"keys": list(keys)})).all()
        return {row[0]: CopiedRow(row[0], row[-1], dict(zip(self._rows.columns, row[1:-1], strict=True))) for row in found}

    async def _additional(self) -> AsyncIterator[UUID]:
        """Yield the keys that only the copy has, in order."""
        name, key = self._rows.name, self._rows.key
        query = text(f"SELECT {key} FROM {name} WHERE {key} > :after ORDER BY {key} LIMIT :limit")  # noqa: S608
        after: UUID | None = UUID(int=0)
        while after is not None:
            async with self._database.read() as connection:
                keys = list(await connection.scalars(query, {"after": after, "limit": _KEYS_AT_ONCE}))
            for each in keys:
                if each not in self._seen:
                    yield each
            after = keys[-1] if keys else None


def _shown(row: CopiedRow | None) -> str:
    if row is None:
        return "has no row"
    return f"version {row.version} {' '.join(f'{name}={value}' for name, value in row.values.items())}"
