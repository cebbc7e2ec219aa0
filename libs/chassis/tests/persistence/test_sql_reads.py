"""The base of reads: rows, pages with their total, and pages of histories."""

from collections.abc import AsyncIterator
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.persistence.sql_reads import SqlReads
from chassis.testing.databases import Databases
from kernel.pages import CursorPage, CursorRequest, Page, PageRequest

VERSIONS = Path(__file__).parent / "versions"
_PAGE = text(
    """
    SELECT number, count(*) OVER () AS total FROM generate_series(1, :count) AS number
    ORDER BY number LIMIT :limit OFFSET :offset
    """
)
_HISTORY = text("SELECT number FROM generate_series(1, :count) AS number WHERE number > :after ORDER BY number LIMIT :limit")


class Numbers(SqlReads):
    async def page(self, count: int, page: PageRequest) -> Page[Any]:
        return (await self._page(_PAGE, page, count=count)).map(itemgetter(0))

    async def history(self, count: int, cursor: CursorRequest) -> CursorPage[Any]:
        found = await self._cursor_page(_HISTORY, cursor, itemgetter(0), count=count, after=cursor.number(first=0))
        return found.map(itemgetter(0))


@pytest.fixture
async def numbers(databases: Databases) -> AsyncIterator[Numbers]:
    async with databases.create("doors", VERSIONS) as urls:
        database = Database.connect(urls.app, pool_size=1)
        yield Numbers(database)
        await database.close()


@pytest.mark.parametrize(
    ("count", "page", "items"),
    [(5, 1, [1, 2]), (5, 3, [5]), (5, 4, []), (5, 900, []), (4, 3, []), (0, 1, []), (0, 2, [])],
)
async def test_the_total_is_right_on_every_page_and_past_the_last(
    numbers: Numbers, count: int, page: int, items: list[int]
) -> None:
    assert await numbers.page(count, PageRequest(page, per_page=2)) == Page(items, page, per_page=2, total=count)


@pytest.mark.parametrize(
    ("count", "after", "items", "following"),
    [(5, None, [1, 2], "2"), (5, "2", [3, 4], "4"), (5, "4", [5], None), (4, "2", [3, 4], None), (0, None, [], None)],
)
async def test_a_history_has_a_next_cursor_only_if_more_follows(
    numbers: Numbers, count: int, after: str | None, items: list[int], following: str | None
) -> None:
    assert await numbers.history(count, CursorRequest(after, limit=2)) == CursorPage(items, following)
