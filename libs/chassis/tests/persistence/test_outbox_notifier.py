"""The notifier wakes the relay without taking a lock in any transaction of a use case."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from chassis.persistence.database import Database
from chassis.persistence.outbox_notifier import QUIET_SECONDS, OutboxNotifier
from chassis.testing.databases import Databases, DatabaseUrls

VERSIONS = Path(__file__).parent / "versions"


@pytest.fixture
async def database_urls(databases: Databases) -> AsyncIterator[DatabaseUrls]:
    async with databases.create("doors", VERSIONS) as urls:
        yield urls


@pytest.fixture
async def database(database_urls):
    database = Database.connect(database_urls.app, pool_size=2)
    yield database
    await database.close()


async def test_many_notifications_are_combined(database, database_urls):
    notifier = OutboxNotifier(database)
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as listening:
        await listening.execute("LISTEN outbox")
        begun = time.monotonic()
        for _ in range(100):
            notifier.notify()
            await asyncio.sleep(0)
        await notifier.close()
        # One more while it closes, without waiting for the others.
        swings_max = 2 + (time.monotonic() - begun) / QUIET_SECONDS
        received = [notification async for notification in listening.notifies(timeout=60, stop_after=1)]
        received += [notification async for notification in listening.notifies(timeout=0.2)]
    assert 1 <= len(received) <= swings_max


async def test_a_notification_after_the_last_commit_is_sent(database, database_urls):
    """A notification during another is sent too: its commit may have been too late for the first."""
    notifier = OutboxNotifier(database)
    async with await psycopg.AsyncConnection.connect(database_urls.app, autocommit=True) as listening:
        await listening.execute("LISTEN outbox")
        notifier.notify()
        await anext(listening.notifies(timeout=60))
        notifier.notify()
        await anext(listening.notifies(timeout=60))
        notifier.notify()
        await notifier.close()
        # Nothing is left that needs a connection.
        assert notifier._notifying
        assert notifier._notifying.done()
        await anext(listening.notifies(timeout=60))


async def test_an_unreachable_database_does_not_fail_the_caller():
    database = Database.connect("postgresql://nobody:none@127.0.0.1:1/nothing")
    notifier = OutboxNotifier(database)
    notifier.notify()
    await notifier.close()
    await database.close()
