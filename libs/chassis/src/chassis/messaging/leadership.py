"""One relay leads per service: the one that holds an advisory lock on the service's database.

The lock lasts as long as its connection, so the death of a leader is noticed at once, and it ends leadership. A leader that hangs
keeps its connection. Therefore it renews a lease (`lease.py`) by a statement on that connection; a stand-by that sees no such
statement for the length of the lease terminates the leader's connections, and so the leader can neither delete nor write any more
if it wakes up. It also publishes nothing more, because it asks its lease before each message.

If an old leader is still publishing when the next one begins, events stay in order: each leader sends an event only after the
earlier events of its aggregate, and the inbox drops duplicates.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from psycopg import AsyncConnection, sql

from chassis.messaging.lease import LOOKS, Lease, Terms, boot_seconds
from chassis.persistence.connections import STATEMENT_SECONDS, TRANSPORT, TRANSPORT_OF_SERVER, BoundedConnection
from chassis.persistence.database import options
from chassis.persistence.outbox import CHANNEL
from chassis.waiting import sleep_unless

RELAY_LOCK = 0x72656C6179
TERMINATE_MS = 5_000
_SESSION = TRANSPORT_OF_SERVER | {
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "idle_session_timeout": "0",
    "timezone": "UTC",
    # It only deletes rows that were sent: if a crash loses the delete, they are sent again, and the inbox drops duplicates.
    "synchronous_commit": "off",
}
# `state_change` is the time of the holder's last statement. It is NULL if the holder belongs to another role, or PostgreSQL does
# not track activities: such a holder is never terminated.
_HOLDER = f"""
SELECT activity.pid, activity.backend_start, activity.state_change
FROM pg_locks AS lock JOIN pg_stat_activity AS activity USING (pid)
WHERE lock.locktype = 'advisory' AND lock.granted AND activity.datname = current_database()
AND lock.database = activity.datid AND lock.objsubid = 1
AND lock.classid = {RELAY_LOCK >> 32} AND lock.objid = {RELAY_LOCK & 0xFFFFFFFF}
"""  # noqa: S608  # a constant of this module
# The working connections first: while one of them lives, the lock must not be free.
_END_WORK = """
SELECT coalesce(bool_and(pg_terminate_backend(pid, %s)), true) FROM pg_stat_activity
WHERE application_name = %s AND datname = current_database() AND usename = current_user
"""
_END_HOLDER = f"""
SELECT pg_terminate_backend(pid, %s) FROM ({_HOLDER}) AS holder WHERE (pid, backend_start, state_change) = (%s, %s, %s)
"""  # noqa: S608  # constants of this module

log = structlog.get_logger()


class Leadership:
    """Leadership while it is held; each NOTIFY on the outbox channel sets `wake`."""

    def __init__(self, connection: AsyncConnection, terms: Terms, *, since: float) -> None:
        self._connection = connection
        self._terms = terms
        self.lease = Lease(terms, since=since)
        self.wake = asyncio.Event()

    async def connect(self, database_url: str) -> AsyncConnection:
        """Open another connection of this leader. It ends together with its leadership."""
        return await connect(database_url, application_name=_working_name(self._connection.info.backend_pid))

    async def renew(self) -> None:
        """Give a sign of life; raises OperationalError when leadership is lost."""
        since = boot_seconds()
        await self._connection.execute("SELECT 1")
        self.lease.renew(since)

    async def keep(self) -> None:
        """Renew the lease, and set `wake` on each notification; raises OperationalError when leadership is lost."""
        while True:
            await self.renew()
            async for _notification in self._connection.notifies(timeout=self._terms.renew_seconds):
                self.wake.set()


class Standby:
    """Watches the leader from a stand-by's connection, and ends it when it has hung for the length of the lease."""

    def __init__(self, connection: AsyncConnection, terms: Terms) -> None:
        self._connection = connection
        self._terms = terms
        self._holder: tuple[Any, ...] | None = None
        self._unchanged = 0

    async def look(self) -> None:
        holder = await self._row(_HOLDER)
        self._unchanged = self._unchanged + 1 if holder and holder == self._holder else 0
        self._holder = holder
        if holder and holder[2] is not None and self._unchanged >= LOOKS:
            self._unchanged = 0
            await self._end(*holder)

    async def _end(self, pid: int, *rest: Any) -> None:
        log.error("relay_leader_hangs", backend_pid=pid, lease_seconds=self._terms.seconds)
        ended = await self._row(_END_WORK, TERMINATE_MS, _working_name(pid))
        if ended and ended[0]:
            await self._row(_END_HOLDER, TERMINATE_MS, pid, *rest)

    async def _row(self, query: Any, *parameters: Any) -> tuple[Any, ...] | None:
        return await (await self._connection.execute(query, parameters)).fetchone()


@asynccontextmanager
async def lead(database_url: str, *, stop: asyncio.Event, terms: Terms) -> AsyncIterator[Leadership | None]:
    """Wait for leadership and hold it during the block; yields None if `stop` is set before."""
    async with await connect(database_url, application_name="relay-leader") as connection:
        standby: Standby | None = None
        while not stop.is_set():
            since = boot_seconds()
            cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (RELAY_LOCK,))
            row = await cursor.fetchone()
            if row and row[0]:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
                log.info("relay_leading")
                yield Leadership(connection, terms, since=since)
                return
            if standby is None:
                log.info("relay_on_standby")
                standby = Standby(connection, terms)
            await standby.look()
            await sleep_unless(stop, terms.poll_seconds)
        yield None


async def connect(database_url: str, *, application_name: str) -> AsyncConnection:
    """Open the relay's own autocommit connection; `database_url` is a libpq URL."""
    return await BoundedConnection.connect(
        database_url, autocommit=True, application_name=application_name, options=options(_SESSION), **TRANSPORT
    )


def _working_name(leader_pid: int) -> str:
    return f"relay of {leader_pid}"
