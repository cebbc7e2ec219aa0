"""Run the SELECT statements of views."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Executable

from chassis.persistence.database import Database
from kernel.pages import PageRequest


async def fetch_rows(database: Database, query: Executable, **parameters: object) -> Sequence[Any]:
    async with database.read() as connection:
        return (await connection.execute(query, parameters)).all()


async def fetch_page(database: Database, query: Executable, page: PageRequest, **filters: object) -> tuple[Sequence[Any], int]:
    """Fetch a page of a query, and the total, which must be the query's last column.

    As a column, the total is of the same snapshot as the rows. A page past the end has no rows, so it queries the total again.
    """
    rows = await fetch_rows(database, query, **filters, limit=page.per_page, offset=page.offset)
    if not rows and page.offset:
        first = await fetch_rows(database, query, **filters, limit=1, offset=0)
        return [], first[0].total if first else 0
    return rows, rows[0].total if rows else 0
