"""Parked aggregates in the service's own database.

An aggregate is parked as long as it has a row in `parked_aggregates`. Its messages wait in `parked_messages`, in the order of
their positions. A message is added only while the aggregate's row exists, and the row is deleted only when no message is left:
both lock it. So messages of one aggregate take effect in order, even if two processes believe that they are the active consumer.
"""

# The statements are put together from this module's constants.
# ruff: noqa: S608

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import text

from chassis.messaging.failure import FAULTS_MAX, Failure
from chassis.messaging.verdicts import Verdict
from chassis.messaging.wire import Received
from chassis.persistence.database import Database
from kernel.ids import new_id

# The time within which a process that took an aggregate tries its message or dies. Longer than a handler may take.
LEASE_SECONDS: Final = 60
# Stop counting messages here: an exact number beyond it is not worth its cost.
MESSAGES_COUNTED_MAX: Final = 100_000
REASON_LENGTH_MAX: Final = 1_000

_AGGREGATE = "queue = :queue AND aggregate_id = :aggregate"


def _write(statement: str) -> Any:
    return text(statement).execution_options(unaudited=True)


_IN_SECONDS = "clock_timestamp() + make_interval(secs => CAST(:seconds AS double precision))"
# If it is parked already, this locks its row.
_PARK = _write(f"""
    INSERT INTO parked_aggregates (queue, aggregate_id, code, reason, attempts, retry_at, unavailable_type)
    VALUES (:queue, :aggregate, :code, :reason, :attempts, {_IN_SECONDS}, :unavailable_type)
    ON CONFLICT (queue, aggregate_id) DO UPDATE SET code = parked_aggregates.code
""")
# The lock lasts until the message is committed, so that the aggregate's row is not deleted in between.
_LOCK = text(f"SELECT 1 FROM parked_aggregates WHERE {_AGGREGATE} FOR KEY SHARE")
_ADD = _write("""
    INSERT INTO parked_messages (queue, aggregate_id, message_id, type, producer, headers, body)
    VALUES (:queue, :aggregate, :message_id, :type, :producer, CAST(:headers AS jsonb), :body)
    ON CONFLICT DO NOTHING
""")
_AGGREGATES = text("SELECT aggregate_id FROM parked_aggregates WHERE queue = :queue")
_DUE = text(f"""
    SELECT aggregate_id, unavailable_type FROM parked_aggregates
    WHERE queue = :queue AND retry_at <= clock_timestamp() AND attempts < {FAULTS_MAX}
        AND aggregate_id <> ALL(:without) AND coalesce(unavailable_type, '') <> ALL(:types_at_rest)
    ORDER BY retry_at LIMIT :limit
""")
_BEGIN = _write(f"""
    UPDATE parked_aggregates
    SET attempts = attempts + 1, retry_at = clock_timestamp() + make_interval(secs => {LEASE_SECONDS})
    WHERE {_AGGREGATE} AND retry_at <= clock_timestamp() AND attempts < {FAULTS_MAX} RETURNING attempts
""")
_HEAD = text(f"""
    SELECT position, message_id, type, producer, headers, body FROM parked_messages WHERE {_AGGREGATE} ORDER BY position LIMIT 1
""")
_DELETE = _write("DELETE FROM parked_messages WHERE position = :position")
_RENEW = _write(f"""
    UPDATE parked_aggregates
    SET attempts = 1, unavailable_type = NULL, retry_at = clock_timestamp() + make_interval(secs => {LEASE_SECONDS})
    WHERE {_AGGREGATE}
""")
_END = _write(f"""
    UPDATE parked_aggregates
    SET code = :code, reason = :reason, attempts = :attempts, unavailable_type = :unavailable_type,
        retry_at = {_IN_SECONDS}
    WHERE {_AGGREGATE}
""")
_LOCK_WHOLE = text(f"SELECT 1 FROM parked_aggregates WHERE {_AGGREGATE} FOR UPDATE")
_UNPARK = _write(f"""
    DELETE FROM parked_aggregates WHERE {_AGGREGATE} AND NOT EXISTS (SELECT 1 FROM parked_messages WHERE {_AGGREGATE})
""")
_MEASURE = text(f"""
    SELECT (SELECT count(*) FROM parked_aggregates WHERE queue = :queue),
           (SELECT count(*) FROM (SELECT 1 FROM parked_messages WHERE queue = :queue LIMIT {MESSAGES_COUNTED_MAX}) AS counted),
           coalesce((SELECT extract(epoch FROM clock_timestamp() - min(parked_at)) FROM parked_aggregates
                     WHERE queue = :queue), 0)::float
""")


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """A message in the table, with the attributes of one from the broker."""

    position: int
    message_id: str
    type: str
    app_id: str
    headers: Mapping[str, Any]
    body: bytes
    redelivered: bool = True


@dataclass(frozen=True, slots=True)
class Due:
    """A parked aggregate whose next attempt is due; `unavailable_type` if it was parked because a dependency was away."""

    aggregate: str
    unavailable_type: str | None


@dataclass(frozen=True, slots=True)
class ParkedSize:
    aggregates: int
    messages: int
    oldest_seconds: float


class ParkedTable:
    """The parked aggregates of one queue. Every method raises the database's errors."""

    def __init__(self, database: Database, queue: str) -> None:
        self._database = database
        self._queue = queue

    async def is_reachable(self) -> bool:
        """Return whether the database answers."""
        try:
            await self._database.ping()
        except Exception as error:  # noqa: BLE001  # the answer to the question
            return not ((failure := Failure.of(error)) and failure.dependency_away)
        return True

    async def aggregates(self) -> set[str]:
        async with self._database.read() as connection:
            return set(await connection.scalars(_AGGREGATES, {"queue": self._queue}))

    async def park(self, aggregate: str, message: Received, verdict: Verdict) -> None:
        """Park an aggregate with the message that could not be handled; parking it again changes nothing."""
        async with self._database.engine.begin() as connection:
            await connection.execute(_PARK, {**self._key(aggregate), **_columns(verdict)})
            await connection.execute(_ADD, {**self._key(aggregate), **_values(message)})

    async def add(self, aggregate: str, message: Received) -> bool:
        """Add a message behind the others of its aggregate; return False if the aggregate is not parked."""
        async with self._database.engine.begin() as connection:
            if not (await connection.execute(_LOCK, self._key(aggregate))).first():
                return False
            await connection.execute(_ADD, {**self._key(aggregate), **_values(message)})
            return True

    async def due(self, *, without: Sequence[str], types_at_rest: Sequence[str], limit: int) -> list[Due]:
        """Return aggregates whose next attempt is due, except `without` and those whose handlers found a dependency away."""
        given = {"queue": self._queue, "without": list(without), "types_at_rest": list(types_at_rest), "limit": limit}
        async with self._database.read() as connection:
            return [Due(*row) for row in await connection.execute(_DUE, given)]

    async def begin(self, aggregate: str) -> int | None:
        """Take an aggregate for its next attempt, and count it; None if it is not due or another process took it.

        If this process dies, another one takes it after LEASE_SECONDS.
        """
        async with self._database.engine.begin() as connection:
            attempts: int | None = await connection.scalar(_BEGIN, self._key(aggregate))
            return attempts

    async def head(self, aggregate: str) -> ParkedMessage | None:
        """Return the aggregate's first message."""
        async with self._database.read() as connection:
            row = (await connection.execute(_HEAD, self._key(aggregate))).first()
        return ParkedMessage(*row) if row else None

    async def remove(self, aggregate: str, position: int) -> None:
        """Delete the handled first message; the next one is in its first attempt."""
        async with self._database.engine.begin() as connection:
            await connection.execute(_DELETE, {"position": position})
            await connection.execute(_RENEW, self._key(aggregate))

    async def end(self, aggregate: str, verdict: Verdict) -> None:
        """End an attempt that failed."""
        async with self._database.engine.begin() as connection:
            await connection.execute(_END, {**self._key(aggregate), **_columns(verdict)})

    async def unpark(self, aggregate: str) -> bool:
        """Make the aggregate's messages go to the handler again; return False if one has arrived meanwhile."""
        async with self._database.engine.begin() as connection:
            # Two statements: the second one sees what was committed before the first one got the lock.
            await connection.execute(_LOCK_WHOLE, self._key(aggregate))
            await connection.execute(_UNPARK, self._key(aggregate))
            return (await connection.execute(_LOCK, self._key(aggregate))).first() is None

    async def measure(self) -> ParkedSize:
        async with self._database.read() as connection:
            row = (await connection.execute(_MEASURE, {"queue": self._queue})).one()
        return ParkedSize(*row)

    def _key(self, aggregate: str) -> dict[str, str]:
        return {"queue": self._queue, "aggregate": aggregate}


def _columns(verdict: Verdict) -> dict[str, Any]:
    return {
        "code": verdict.failure.error.code,
        "reason": verdict.failure.reason.replace("\0", "")[:REASON_LENGTH_MAX],
        "attempts": verdict.attempts,
        "seconds": verdict.seconds,
        "unavailable_type": verdict.unavailable_type,
    }


def _values(message: Received) -> dict[str, Any]:
    # The broker's own headers (x-death, x-delivery-count) are about the queue that the message leaves.
    headers = {name: value for name, value in message.headers.items() if not name.startswith("x-")}
    return {
        # A message without an id can only be one that cannot be read; it gets one by which an operator names it.
        "message_id": message.message_id or str(new_id()),
        "type": message.type or "",
        "producer": message.app_id or "",
        "headers": orjson.dumps(headers, default=str).decode(),
        "body": message.body,
    }
