"""A transaction's statements on the driver itself, several to a round trip.

For what is hot: a statement costs SQLAlchemy's session several times what it costs the driver, and a round trip of its
own. Each statement still sees what the ones before it have locked and written, as if they had been sent one by one.
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


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with $1, $2 … for its parameters. `unaudited` is for the platform's own rows (outbox, inbox)."""

    sql: str
    parameters: Sequence[Any]
    unaudited: bool = False


Rows = list[tuple[Any, ...]]


class Pipeline:
    """The session's own transaction. What is put off is sent with what comes next, at the latest with the commit."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._driver: AsyncConnection[Any] | None = None
        self._put_off: list[Statement] = []
        self.wrote: str | None = None

    def put_off(self, statement: Statement) -> None:
        """Have a statement sent whose rows nobody needs; when it fails, so does what is sent with it."""
        if not statement.unaudited and writes(statement.sql):
            self.wrote = " ".join(statement.sql.split())[:80]
        self._put_off.append(statement)

    async def fetch(self, *statements: Statement) -> list[Rows]:
        """Send what was put off and these; return the rows of each of these."""
        for statement in statements:
            self.put_off(statement)
        sent = await self._send()
        return sent[len(sent) - len(statements) :]

    async def flush(self) -> None:
        if self._put_off:
            await self._send()

    async def commit(self) -> None:
        """Commit in the round trip of what was put off; the session's own commit then finds nothing left to do."""
        if self._put_off:
            await self._send(commit=True)

    async def _send(self, *, commit: bool = False) -> list[Rows]:
        statements, self._put_off = self._put_off, []
        driver = self._driver = self._driver or await self._open()
        cursors = []
        try:
            async with driver.pipeline():
                for statement in statements:
                    cursor = AsyncRawCursor(driver, row_factory=tuple_row)
                    await cursor.execute(statement.sql.encode(), statement.parameters)
                    cursors.append(cursor)
                if commit:
                    await driver.execute(b"COMMIT", prepare=False)
            return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]
        except BaseException as error:
            if not driver.closed and driver.pgconn.pipeline_status != PipelineStatus.OFF:
                # Cut in the midst, with answers still to come: rolling back would fail, and the pool never see it again.
                await self._session.invalidate()
            if not isinstance(error, psycopg.Error):
                raise
            # As the session would raise it: who asks for IntegrityError need not know which way a statement went.
            raise DBAPIError.instance(statements[0].sql, None, error, psycopg.Error) from error

    async def _open(self) -> AsyncConnection[Any]:
        driver = (await (await self._session.connection()).get_raw_connection()).driver_connection
        if not isinstance(driver, AsyncConnection):
            raise TypeError(f"statements go to psycopg, not to {type(driver)}")
        return driver
