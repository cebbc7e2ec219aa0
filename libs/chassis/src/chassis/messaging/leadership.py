"""One relay leads per service: the one that holds an advisory lock on the service's database.

The lock lasts as long as its connection, which is otherwise used only to listen. So a loss is noticed at once, and it ends
leadership. If an old leader is still publishing when the next one begins, events stay in order: each leader sends an event only
after the broker has confirmed the earlier events of its aggregate, and the inbox drops duplicates.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from psycopg import AsyncConnection, OperationalError, sql

from chassis.persistence.connections import STATEMENT_SECONDS, TRANSPORT, TRANSPORT_OF_SERVER, BoundedConnection
from chassis.persistence.database import options
from chassis.persistence.outbox import CHANNEL
from chassis.waiting import sleep_unless

RELAY_LOCK = 0x72656C6179
# How often a stand-by checks whether the lock is free.
STANDBY_POLL_SECONDS = 0.5
_SESSION = TRANSPORT_OF_SERVER | {
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "idle_session_timeout": "0",
    "timezone": "UTC",
    # It only deletes rows that were sent: if a crash loses the delete, they are sent again, and the inbox drops duplicates.
    "synchronous_commit": "off",
}

log = structlog.get_logger()


class Leadership:
    """Leadership while it is held; each NOTIFY on the outbox channel sets `wake`."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.wake = asyncio.Event()

    async def watch(self) -> None:
        """Set `wake` on each notification; raises OperationalError when leadership is lost, and never returns."""
        async for _notification in self._connection.notifies():
            self.wake.set()
        raise OperationalError("the connection that holds the relay's lock has ended")


@asynccontextmanager
async def lead(database_url: str, *, stop: asyncio.Event) -> AsyncIterator[Leadership | None]:
    """Wait for leadership and hold it during the block; yields None if `stop` is set before."""
    async with await connect(database_url, application_name="relay-leader") as connection:
        standing_by = False
        while not stop.is_set():
            cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (RELAY_LOCK,))
            row = await cursor.fetchone()
            if row and row[0]:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
                log.info("relay_leading")
                yield Leadership(connection)
                return
            if not standing_by:
                log.info("relay_on_standby")
                standing_by = True
            await sleep_unless(stop, STANDBY_POLL_SECONDS)
        yield None


async def connect(database_url: str, *, application_name: str) -> AsyncConnection:
    """Open the relay's own autocommit connection; `database_url` is a libpq URL."""
    return await BoundedConnection.connect(
        database_url, autocommit=True, application_name=application_name, options=options(_SESSION), **TRANSPORT
    )
