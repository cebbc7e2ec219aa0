"""One relay leads per service: whoever holds an advisory lock on the service's own database.

The lock lives as long as its connection. That connection does nothing else but listen, so its loss is noticed at once
and is the loss of leadership. Should an old leader still have a wave under way when the next one begins, order holds:
either sends an event only after the broker has confirmed its aggregate's earlier ones, and the inbox drops the twins.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from psycopg import AsyncConnection, OperationalError, sql

from chassis.persistence.outbox import CHANNEL
from chassis.waiting import sleep_unless

RELAY_LOCK = 0x72656C6179
CONNECT_TIMEOUT_SECONDS = 5
# How soon a stand-by notices that the lock is free.
STANDBY_POLL_SECONDS = 0.5
# Both ends give a silent peer up after about eleven seconds, or a network partition would keep the lock for hours.
_SERVER_OPTIONS = (
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 "
    "-c statement_timeout=15s -c idle_session_timeout=0 -c timezone=UTC "
    # All it writes is that rows were sent: lost in a crash, they are sent again, and the inbox drops the twins.
    "-c synchronous_commit=off"
)

log = structlog.get_logger()


class Leadership:
    """Held leadership: `wake` is set by each NOTIFY on the outbox channel."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.wake = asyncio.Event()

    async def watch(self) -> None:
        """Turn notifications into wakes; raises OperationalError when leadership is lost, and never returns before."""
        async for _notification in self._connection.notifies():
            self.wake.set()
        raise OperationalError("the connection that holds the relay's lock ended")


@asynccontextmanager
async def lead(database_url: str, *, stop: asyncio.Event) -> AsyncIterator[Leadership | None]:
    """Stand by until leadership is ours, then hold it for the length of the block; None when told to stop before."""
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
    """Open an autocommit connection of the relay's own; `database_url` is a libpq URL."""
    return await AsyncConnection.connect(
        database_url,
        autocommit=True,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        application_name=application_name,
        options=_SERVER_OPTIONS,
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
        tcp_user_timeout=11_000,
    )
