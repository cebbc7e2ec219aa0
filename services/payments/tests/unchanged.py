"""What a refusal leaves behind: nothing, but what it is meant to write."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Final

import httpx
from sqlalchemy import text

from chassis.database import Database

# What compliance refuses is put on record, which goes by way of the outbox.
_RECORDED: Final = {"PAY_007": ("outbox",)}
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_TABLES = text(
    """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND has_table_privilege(oid, 'SELECT') ORDER BY relname
    """
)

Rows = Mapping[str, list[str]]


async def rows_of(database: Database) -> Rows:
    """Read every row of every table as text."""
    found: dict[str, list[str]] = defaultdict(list)
    async with database.read() as connection:
        tables = list(await connection.scalars(_TABLES))
        each = (f"SELECT '{table}' AS name, one::text AS content FROM \"{table}\" AS one" for table in tables)
        for row in await connection.execute(text(" UNION ALL ".join(each))):
            found[row.name].append(row.content)
    return {name: sorted(contents) for name, contents in found.items()}


@asynccontextmanager
async def unchanged(database: Database, *, but: Collection[str] = ()) -> AsyncIterator[None]:
    """See to it that the block changes no row of any table, those in `but` left out."""
    before = await rows_of(database)
    yield
    _compare(before, await rows_of(database), but)


def watch_refusals(client: httpx.AsyncClient, database: Database) -> None:
    """Have every request of this client that is refused compared with what was there before it: it has changed nothing.

    A test that sends several at once can not tell whose change it was, and uses a client that is not watched.
    """

    async def remember(request: httpx.Request) -> None:
        if request.method not in _READS:
            request.extensions["rows"] = await rows_of(database)

    async def compare(response: httpx.Response) -> None:
        before = response.request.extensions.get("rows")
        if before is None or response.is_success:
            return
        await response.aread()
        _compare(before, await rows_of(database), _RECORDED.get(response.json()["code"], ()))

    client.event_hooks = {"request": [remember], "response": [compare]}


def _compare(before: Rows, after: Rows, but: Collection[str]) -> None:
    assert {name: rows for name, rows in after.items() if name not in but} == {
        name: rows for name, rows in before.items() if name not in but
    }
