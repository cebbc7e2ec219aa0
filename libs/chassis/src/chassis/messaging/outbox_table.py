"""The relay's access to the outbox table: plain SQL on its own connection, because every event passes here."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from psycopg import AsyncConnection
from psycopg.types.json import set_json_loads

# `aggregate` is the aggregate's id, or the row's position if no order is needed.
_FETCH = """
SELECT position, message_id, type, coalesce(aggregate_id, position::text) AS aggregate, payload, headers
FROM outbox WHERE coalesce(aggregate_id, position::text) <> ALL(%s) ORDER BY position LIMIT %s
"""
_DELETE = "DELETE FROM outbox WHERE position = ANY(%s)"
# Stop counting here: an exact number beyond it is not worth its cost.
ROWS_COUNTED_MAX = 100_000
_BACKLOG = f"""
SELECT (SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT {ROWS_COUNTED_MAX}) AS counted),
       coalesce((SELECT extract(epoch FROM clock_timestamp() - created_at) FROM outbox ORDER BY position LIMIT 1), 0)::float
"""  # noqa: S608  # a constant of this module


class OutboxRow(NamedTuple):
    position: int
    message_id: UUID
    type: str
    aggregate: str
    payload: bytes
    headers: dict[str, Any]


class OutboxTable:
    """Fetches and deletes outbox rows. Make one per relay."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        set_json_loads(orjson.loads, connection)

    async def fetch(self, *, limit: int, without: Collection[str]) -> Sequence[OutboxRow]:
        """Read the oldest rows, except those of blocked aggregates."""
        async with self._connection.cursor(binary=True) as cursor:
            await cursor.execute(_FETCH, (list(without), limit))
            return [OutboxRow._make(row) for row in await cursor.fetchall()]

    async def delete(self, positions: Sequence[int]) -> None:
        await self._connection.execute(_DELETE, (list(positions),))

    async def backlog(self) -> tuple[int, float]:
        """Return the number of unsent rows (at most ROWS_COUNTED_MAX) and the age of the first in seconds."""
        async with self._connection.cursor() as cursor:
            await cursor.execute(_BACKLOG)
            row = await cursor.fetchone()
        if row is None:
            raise RuntimeError("an aggregate query must return one row")
        return int(row[0]), max(0.0, float(row[1]))
