"""Reads of long work."""

# ruff: noqa: S608  # put together of our own constants

from typing import Final
from uuid import UUID

from sqlalchemy import text

from chassis.long_work.rows import COLUMNS, work_of
from chassis.persistence.database import Database
from kernel.errors import InvalidValue
from kernel.long_work import LongWork
from kernel.pages import CursorPage, CursorRequest

_NEWEST: Final = UUID(int=2**128 - 1)
_ONE: Final = text(f"SELECT {COLUMNS} FROM long_work WHERE kind = :kind AND id = :id")
_PAGE: Final = text(f"SELECT {COLUMNS} FROM long_work WHERE kind = :kind AND id < :before ORDER BY id DESC LIMIT :limit")


class SqlLongWorkReads:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, kind: str, work_id: UUID) -> LongWork | None:
        async with self._database.read() as connection:
            row = (await connection.execute(_ONE, {"kind": kind, "id": work_id})).first()
        return work_of(row) if row else None

    async def page(self, kind: str, cursor: CursorRequest) -> CursorPage[LongWork]:
        """List the work of a kind, newest first."""
        asked = {"kind": kind, "before": _before(cursor), "limit": cursor.limit + 1}
        async with self._database.read() as connection:
            rows = (await connection.execute(_PAGE, asked)).all()
        works = [work_of(row) for row in rows[: cursor.limit]]
        return CursorPage(works, str(works[-1].id) if len(rows) > cursor.limit else None)


def _before(cursor: CursorRequest) -> UUID:
    if cursor.after is None:
        return _NEWEST
    try:
        return UUID(cursor.after)
    except ValueError:
        raise InvalidValue(field="cursor", expected="the next_cursor of the previous page", given=cursor.after) from None
