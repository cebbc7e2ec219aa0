"""The rows of a copy: written by version, whatever order they arrive in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class CopiedRow:
    """A row of the producer. `version` grows with each change of the row, and is 0 if the producer did not say."""

    key: UUID
    version: int
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CopyTable:
    """The table of a copy, its key, and the columns that are copied. The names are the service's own."""

    name: str
    key: str
    columns: Sequence[str]

    @property
    def write(self) -> TextClause:
        """Insert or replace a row, unless the row of this fill has the same version or a higher one."""
        names = (self.key, *self.columns, "version", "fill")
        # A row of an earlier fill may be of another history of the producer, whose versions say nothing.
        return text(
            f"INSERT INTO {self.name} AS old ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"  # noqa: S608
            f" ON CONFLICT ({self.key}) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in names[1:])}"
            " WHERE old.fill < excluded.fill OR (old.fill = excluded.fill AND old.version < excluded.version)"
        )

    @property
    def sweep(self) -> TextClause:
        """Remove the rows that a completed fill did not find at the producer."""
        return text(f"DELETE FROM {self.name} WHERE fill < :fill")  # noqa: S608

    @property
    def read(self) -> TextClause:
        names = (self.key, *self.columns, "version")
        return text(f"SELECT {', '.join(names)} FROM {self.name} WHERE {self.key} = ANY(:keys)")  # noqa: S608

    @property
    def count(self) -> TextClause:
        return text(f"SELECT count(*) FROM {self.name}")  # noqa: S608

    async def write_all(self, connection: AsyncConnection, rows: Sequence[CopiedRow], *, fill: int) -> None:
        """Write rows in the order of their keys, or two writers deadlock."""
        ordered = sorted(rows, key=lambda row: row.key)
        values = [{self.key: row.key, **row.values, "version": row.version, "fill": fill} for row in ordered]
        if values:
            await connection.execute(self.write, values)
