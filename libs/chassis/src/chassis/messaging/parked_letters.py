"""The operator's side of parked aggregates: list, show and release them, and discard the message that keeps one parked."""

# The statements are put together from this module's constants.
# ruff: noqa: S608

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from sqlalchemy import Row, text

from chassis.messaging.failure import FAULTS_MAX
from chassis.messaging.parked_table import ParkedMessage
from chassis.messaging.wire import Undecodable, decode
from chassis.persistence.database import Database

COLUMNS: Final = ("queue", "aggregate", "parked at", "because", "attempts", "next attempt", "waiting", "first id", "first type")

_SELECTED = (
    "(CAST(:queue AS text) IS NULL OR p.queue = :queue) AND (CAST(:aggregate AS text) IS NULL OR p.aggregate_id = :aggregate)"
)
_FIRST = """
    SELECT position, message_id, type, producer, headers, body FROM parked_messages AS m
    WHERE m.queue = p.queue AND m.aggregate_id = p.aggregate_id ORDER BY position LIMIT 1
"""
_LIST = text(f"""
    SELECT p.queue, p.aggregate_id, p.parked_at, p.reason, p.attempts,
        CASE WHEN p.attempts < {FAULTS_MAX} THEN p.retry_at END AS retry_at,
        (SELECT count(*) FROM parked_messages AS m WHERE m.queue = p.queue AND m.aggregate_id = p.aggregate_id) AS waiting,
        first.position, first.message_id, first.type, first.producer, first.headers, first.body
    FROM parked_aggregates AS p LEFT JOIN LATERAL ({_FIRST}) AS first ON true
    WHERE {_SELECTED} AND (CAST(:message_id AS text) IS NULL OR first.message_id = :message_id)
    ORDER BY p.parked_at LIMIT :limit
""")
_RELEASE = text(f"""
    UPDATE parked_aggregates AS p SET attempts = 0, retry_at = clock_timestamp(), unavailable_type = NULL
    WHERE {_SELECTED} RETURNING p.queue, p.aggregate_id
""")
_DISCARD = text("DELETE FROM parked_messages WHERE position = :position RETURNING 1")


class ParkedLetters:
    """The parked aggregates of one service."""

    def __init__(self, database: Database, classes: Mapping[str, type[Message]]) -> None:
        self._database = database
        self._classes = classes

    async def find(
        self, *, queue: str | None, limit: int, message_id: str | None = None, aggregate: str | None = None
    ) -> list["ParkedLetter"]:
        """Return at most `limit` parked aggregates, by the time they wait; `message_id` is that of their first message."""
        given = {"queue": queue, "aggregate": aggregate, "message_id": message_id, "limit": limit}
        async with self._database.read() as connection:
            return [ParkedLetter(row) for row in await connection.execute(_LIST, given)]

    async def release(self, *, queue: str | None, aggregate: str | None) -> list[tuple[str, str]]:
        """Make the next attempt of one aggregate, of a queue's or of all due, with all attempts left; return their names."""
        async with self._database.engine.begin() as connection:
            rows = await connection.execute(_RELEASE, {"queue": queue, "aggregate": aggregate})
            return [(row.queue, row.aggregate_id) for row in rows]

    async def discard(self, letter: "ParkedLetter") -> bool:
        """Delete an aggregate's first message and release the rest; return False if it was handled meanwhile."""
        async with self._database.engine.begin() as connection:
            found = await connection.execute(_DISCARD, {"position": letter.message.position})
            await connection.execute(_RELEASE, {"queue": letter.queue, "aggregate": letter.aggregate})
            return found.first() is not None

    def describe(self, letter: "ParkedLetter") -> dict[str, Any]:
        """Return all properties of an aggregate and its first message; the payload is decoded if its contract is known."""
        message = letter.message
        try:
            payload: Any = MessageToDict(decode(message, self._classes).message)
        except Undecodable as error:
            payload = {"undecodable": str(error), "hex": message.body.hex()}
        described = dict(zip(COLUMNS, letter.row, strict=True))
        return {**described, "headers": dict(message.headers), "payload": payload}


class ParkedLetter:
    """A parked aggregate with the first of its messages."""

    def __init__(self, row: Row[Any]) -> None:
        self.queue: str = row.queue
        self.aggregate: str = row.aggregate_id
        self.message = ParkedMessage(
            row.position, row.message_id or "", row.type or "", row.producer or "", row.headers or {}, row.body or b""
        )
        self.row: tuple[str, ...] = (
            row.queue,
            row.aggregate_id,
            row.parked_at.isoformat(timespec="seconds"),
            row.reason,
            str(row.attempts),
            row.retry_at.isoformat(timespec="seconds") if row.retry_at else "when released",
            str(row.waiting),
            row.message_id or "",
            row.type or "",
        )


@asynccontextmanager
async def parked_letters_of(database_url: str, classes: Mapping[str, type[Message]]) -> AsyncIterator[ParkedLetters]:
    database = Database.connect(database_url, pool_size=1)
    try:
        yield ParkedLetters(database, classes)
    finally:
        await database.close()
