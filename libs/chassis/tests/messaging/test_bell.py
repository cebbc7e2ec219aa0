"""The bell wakes the relay without a lock in anybody's transaction."""

import asyncio

import psycopg
import pytest

from chassis.database import Database
from chassis.messaging.bell import Bell


@pytest.fixture
async def database(database_urls):
    database = Database.connect(database_urls.app, pool_size=2)
    yield database
    await database.close()


async def test_many_rings_are_heard_as_few(database, database_urls):
    bell = Bell(database)
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as listening:
        await listening.execute("LISTEN outbox")
        for _ in range(100):
            bell.ring()
            await asyncio.sleep(0.0005)
        await bell.close()
        heard = [notification async for notification in listening.notifies(timeout=0.2)]
    assert 1 <= len(heard) < 30


async def test_ring_after_the_last_commit_is_heard(database, database_urls):
    """A ring that comes while the bell swings is a ring of its own: its commit may have been too late for the first."""
    bell = Bell(database)
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as listening:
        await listening.execute("LISTEN outbox")
        bell.ring()
        await anext(listening.notifies(timeout=2))
        bell.ring()
        await anext(listening.notifies(timeout=2))
        await bell.close()


async def test_database_that_is_away_fails_nobody():
    database = Database.connect("postgresql://nobody:none@127.0.0.1:1/nothing")
    bell = Bell(database)
    bell.ring()
    await bell.close()
    await database.close()
