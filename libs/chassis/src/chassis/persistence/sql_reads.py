"""The base of reads by SQL: rows, numbered pages with their total, and pages of histories."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Executable

from chassis.persistence.database import Database
from kernel.pages import CursorPage, CursorRequest, Page, PageRequest


class SqlReads:
    """Each read is one statement, so that rows and totals are of one snapshot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _rows(self, query: Executable, /, **parameters: object) -> Sequence[Any]:
        async with self._database.read() as connection:
            return (await connection.execute(query, parameters)).all()

    async def _page(self, query: Executable, page: PageRequest, /, **filters: object) -> Page[Any]:
        """Return the rows of a query with LIMIT :limit OFFSET :offset, whose column `total` is `count(*) OVER ()`.

        A page past the end has no row with the total, so it is read with the first row.
        """
        rows = await self._rows(query, **filters, limit=page.per_page, offset=page.offset)
        counted = rows or (await self._rows(query, **filters, limit=1, offset=0) if page.offset else ())
        return Page(rows, page.page, page.per_page, counted[0].total if counted else 0)

    async def _cursor_page(
        self, query: Executable, cursor: CursorRequest, position: Callable[[Any], object], /, **filters: object
    ) -> CursorPage[Any]:
        """Return the rows of a query with LIMIT :limit. The last row's `position` becomes the next cursor if there are more."""
        rows = await self._rows(query, **filters, limit=cursor.limit + 1)
        found = rows[: cursor.limit]
        return CursorPage(found, str(position(found[-1])) if len(rows) > cursor.limit else None)
