"""A transaction's statements sent directly to the driver, several in one round trip.

For hot paths: through SQLAlchemy's session a statement costs several times as much as in the driver, and a round trip of its
own. Each statement sees what the earlier ones have locked and written, as if they were sent one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncRawCursor
from psycopg.pq import PipelineStatus
from psycopg.rows import tuple_row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.database import writes
from chassis.persistence.scope import SET, begin_for_pipeline


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with parameters $1, $2 …. `unaudited` is for the platform's own rows (outbox, inbox)."""

    sql: str
    parameters: Sequence[Any]
    unaudited: bool = False


Rows = list[tuple[Any, ...]]


class Pipeline:
    """The session's transaction. Queued statements are sent with the next ones, at the latest with the commit."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._driver: AsyncConnection[Any] | None = None
        self._queued: list[Statement] = []
        self.wrote: str | None = None

    def queue(self, statement: Statement) -> None:
        """Queue a statement whose result is not needed. If it fails, so does the batch it is sent in."""
        if not statement.unaudited and writes(statement.sql):
            self.wrote = " ".join(statement.sql.split())[:80]
        self._queued.append(statement)

    async def fetch(self, *statements: Statement) -> list[Rows]:
        """Send the queued statements and these; return the rows of each of these."""
        for statement in statements:
            self.queue(statement)
        sent = await self._send()
        return sent[len(sent) - len(statements) :]

    async def flush(self) -> None:
        if self._queued:
            await self._send()

    async def commit(self) -> None:
        """Commit in one round trip with the queued statements; the session's own commit then does nothing."""
        if self._queued:
            await self._send(commit=True)

    async def _send(self, *, commit: bool = False) -> list[Rows]:
        statements, self._queued = self._queued, []
        driver, scope = (self._driver, None) if self._driver else await self._open()
        self._driver = driver
        cursors = []
        try:
            async with driver.pipeline():
                if scope:
                    await AsyncRawCursor(driver).execute(SET.encode(), (scope,))
                for statement in statements:
                    cursor = AsyncRawCursor(driver, row_factory=tuple_row)
                    await cursor.execute(statement.sql.encode(), statement.parameters)
                    cursors.append(cursor)
                if commit:
                    await driver.execute(b"COMMIT", prepare=False)
            return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]
        except BaseException as error:
            if driver.closed or driver.pgconn.pipeline_status != PipelineStatus.OFF:
                # Given up, or results are outstanding: a rollback would fail, and the pool would lose the connection.
                await self._session.invalidate()
            if not isinstance(error, psycopg.Error):
                raise
            # Raise what the session would raise, so that callers can catch IntegrityError in both cases.
            raise DBAPIError.instance(statements[0].sql, None, error, psycopg.Error) from error

    async def _open(self) -> tuple[AsyncConnection[Any], str | None]:
        connection, scope = await begin_for_pipeline(self._session)
        driver = (await connection.get_raw_connection()).driver_connection
        if not isinstance(driver, AsyncConnection):
            raise TypeError(f"the pipeline needs psycopg, not {type(driver)}")
        return driver, scope
