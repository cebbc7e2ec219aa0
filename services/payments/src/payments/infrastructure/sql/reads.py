"""The base of all reads."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause

from chassis.persistence.database import Database
from kernel.errors import InvalidValue
from kernel.pages import CursorRequest

_NEWEST = 2**63 - 1
_NEWEST_ID = UUID(int=2**128 - 1)


class SqlReads:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def _rows(self, query: TextClause, **parameters: object) -> Sequence[Any]:
        async with self._database.read() as connection:
            return (await connection.execute(query, parameters)).all()


def before(cursor: CursorRequest) -> int:
    if cursor.after is None:
        return _NEWEST
    if not cursor.after.isascii() or not cursor.after.isdigit() or int(cursor.after) > _NEWEST:
        raise InvalidValue(field="cursor", expected="the next_cursor of the previous page", given=cursor.after)
    return int(cursor.after)


def before_id(cursor: CursorRequest) -> UUID:
    """Return the UUIDv7 below which the next page lies."""
    if cursor.after is None:
        return _NEWEST_ID
    try:
        return UUID(cursor.after)
    except ValueError:
        raise InvalidValue(field="cursor", expected="the next_cursor of the previous page", given=cursor.after) from None


def next_cursor(rows: Sequence[Any], cursor: CursorRequest) -> str | None:
    return str(rows[cursor.limit - 1].sequence) if len(rows) > cursor.limit else None
