"""The relay's access to the outbox table: plain SQL on its own connection, because every event passes here."""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from chassis.messaging.low_water import LowWater

# `aggregate` is the aggregate's id, or the row's position if no order is needed.
FETCH = """
SELECT position, message_id, type, coalesce(aggregate_id, position::text) AS aggregate, payload, headers::text
FROM outbox WHERE position > %s AND coalesce(aggregate_id, position::text) <> ALL(%s) ORDER BY position LIMIT %s
"""
_FIRST = "SELECT min(position) FROM outbox WHERE position > %s"
_DELETE = "DELETE FROM outbox WHERE position = ANY(%s)"
# See chassis.persistence.platform_schema.
RESERVE = "SELECT reserve_outbox_for_relay()"
# Stop counting here: an exact number beyond it is not worth its cost.
ROWS_COUNTED_MAX = 100_000
_BACKLOG = f"""
WITH waiting AS (SELECT 1 FROM outbox WHERE position > %(mark)s ORDER BY position LIMIT {ROWS_COUNTED_MAX})
SELECT (SELECT count(*) FROM waiting),
       coalesce((SELECT CASE WHEN isfinite(created_at) THEN extract(epoch FROM clock_timestamp() - created_at) END
                 FROM outbox WHERE position > %(mark)s ORDER BY position LIMIT 1), 0)::float
"""  # noqa: S608  # a constant of this module


class OutboxRow(NamedTuple):
    position: int
    message_id: UUID
    type: str
    aggregate: str
    payload: bytes
    # The text of a JSON object.
    headers: str


class OutboxTable:
    """Fetches and deletes outbox rows. Make one per relay."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.low_water = LowWater(connection, _FIRST)

    async def reserve(self) -> None:
        """Take the right to delete outbox rows from the runtime role, which the previous release's relay had."""
        await self._connection.execute(RESERVE)

    async def fetch(self, *, limit: int, without: Collection[str]) -> Sequence[OutboxRow]:
        """Read the oldest rows, except those of blocked aggregates."""
        if self.low_water.due:
            await self.low_water.advance()
        async with self._connection.cursor(binary=True) as cursor:
            await cursor.execute(FETCH, (self.low_water.mark, list(without), limit))
            rows = [OutboxRow._make(row) for row in await cursor.fetchall()]
        if rows:
            self.low_water.saw(rows[-1].position)
        return rows

    async def find_overlooked(self) -> int | None:
        """Read the whole index for a row that `fetch` has passed by; return its position, and begin there again."""
        return await self.low_water.check()

    async def delete(self, positions: Sequence[int]) -> None:
        await self._connection.execute(_DELETE, (list(positions),))

    async def backlog(self) -> tuple[int, float]:
        """Return the number of unsent rows (at most ROWS_COUNTED_MAX) and the age of the first in seconds."""
        async with self._connection.cursor() as cursor:
            await cursor.execute(_BACKLOG, {"mark": self.low_water.mark})
            row = await cursor.fetchone()
        if row is None:
            raise RuntimeError("an aggregate query must return one row")
        return int(row[0]), max(0.0, float(row[1]))
