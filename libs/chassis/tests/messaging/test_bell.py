"""The bell wakes the relay without a lock in anybody's transaction."""

import asyncio
import time

import psycopg
import pytest

from chassis.database import Database
from chassis.messaging.bell import QUIET_SECONDS, Bell


@pytest.fixture
async def database(database_urls):
    database = Database.connect(database_urls.app, pool_size=2)
    yield database
    await database.close()


async def test_many_rings_are_heard_as_few(database, database_urls):
    bell = Bell(database)
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as listening:
        await listening.execute("LISTEN outbox")
        begun = time.monotonic()
        for _ in range(100):
            bell.ring()
            await asyncio.sleep(0)
        await bell.close()
        # One more while it closes, which waits for no quiet.
        swings_max = 2 + (time.monotonic() - begun) / QUIET_SECONDS
        heard = [notification async for notification in listening.notifies(timeout=60, stop_after=1)]
        heard += [notification async for notification in listening.notifies(timeout=0.2)]
    assert 1 <= len(heard) <= swings_max


async def test_ring_after_the_last_commit_is_heard(database, database_urls):
    """A ring that comes while the bell swings is a ring of its own: its commit may have been too late for the first."""
    bell = Bell(database)
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as listening:
        await listening.execute("LISTEN outbox")
        bell.ring()
        await anext(listening.notifies(timeout=60))
        bell.ring()
        await anext(listening.notifies(timeout=60))
        bell.ring()
        await bell.close()
        # Nothing is left that would want a connection.
        assert bell._ringing
        assert bell._ringing.done()
        await anext(listening.notifies(timeout=60))


async def test_database_that_is_away_fails_nobody():
    database = Database.connect("postgresql://nobody:none@127.0.0.1:1/nothing")
    bell = Bell(database)
    bell.ring()
    await bell.close()
    await database.close()
