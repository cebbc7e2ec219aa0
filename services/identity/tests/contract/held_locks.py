"""Locks on rows that make concurrent requests wait, so that they really run at the same time."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import LiteralString

import psycopg

from chassis.testing.databases import DatabaseUrls
from chassis.testing.running import eventually

_WAITING = """
    SELECT count(DISTINCT l.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE NOT l.granted AND a.datname = current_database()
"""


@asynccontextmanager
async def held(urls: DatabaseUrls, lock: LiteralString) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Hold the locks of `lock` during the block; the yielded function waits until that many transactions wait for them."""
    async with (
        await psycopg.AsyncConnection.connect(urls.owner) as holding,
        await psycopg.AsyncConnection.connect(urls.owner, autocommit=True) as looking,
    ):
        await holding.execute(lock)

        async def waiting() -> object:
            row = await (await looking.execute(_WAITING)).fetchone()
            return row and row[0]

        yield lambda number: eventually(waiting, number)
        await holding.rollback()
