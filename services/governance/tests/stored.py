"""What governance's database holds, for tests that compare all of it, and what waits in its outbox."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
from google.protobuf.message import Message
from sqlalchemy import text

from chassis.database import Database
from chassis.messaging.contracts import spec_of
from chassis.messaging.delivery import MessageT
from chassis.testing.databases import DatabaseUrls
from chassis.testing.running import eventually
from elcorp.compliance.v1.events_pb2 import AuditFactsRecorded
from governance.interfaces.publications import PUBLICATIONS

TABLES = (
    "roles",
    "role_permissions",
    "permissions",
    "role_holders",
    "role_assignments",
    "policy_bundles",
    "approval_rules",
    "outbox",
    "inbox",
    "idempotency_keys",
)
_CLASSES = {spec.type: spec.message_class for spec in PUBLICATIONS.specs}
_WAITING = """
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


async def rows(database: Database, query: str, **parameters: object) -> list[tuple[Any, ...]]:
    async with database.read() as connection:
        return [tuple(row) for row in (await connection.execute(text(query), parameters)).all()]


async def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table: equal before and after what has changed nothing."""
    return {table: await rows(database, f"SELECT * FROM {table} ORDER BY {table}::text") for table in TABLES}


async def sent(database: Database, message_class: type[MessageT]) -> list[MessageT]:
    """Return the outbox's messages of one class, in order."""
    query = "SELECT payload FROM outbox WHERE type = :type ORDER BY position"
    found = await rows(database, query, type=spec_of(message_class).type)
    return [message_class.FromString(bytes(payload)) for (payload,) in found]


async def published(database: Database, *, but_first: int = 0) -> list[tuple[str | None, Message]]:
    """Return the outbox's messages with their aggregates, in order; audit facts without their ids, which are random."""
    found = await rows(database, "SELECT type, aggregate_id, payload FROM outbox ORDER BY position")
    messages = [(aggregate_id, _CLASSES[type_].FromString(bytes(payload))) for type_, aggregate_id, payload in found]
    for _, message in messages:
        for fact in message.facts if isinstance(message, AuditFactsRecorded) else ():
            assert UUID(fact.fact_id)
            fact.ClearField("fact_id")
    return messages[but_first:]


@asynccontextmanager
async def publishing_held(urls: DatabaseUrls) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Hold up whoever publishes for the length of the block; what it gives waits until so many are held up."""
    async with await psycopg.AsyncConnection.connect(urls.app, autocommit=True) as connection:
        await connection.execute("SELECT pg_advisory_lock(1, 0)")

        async def waiting() -> object:
            row = await (await connection.execute(_WAITING)).fetchone()
            return row and row[0]

        yield lambda number: eventually(waiting, number)
