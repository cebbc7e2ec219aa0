"""What compliance's database holds, for tests that compare all of it, and what waits in its outbox."""

from typing import Any
from uuid import UUID

from google.protobuf.message import Message
from sqlalchemy import text

from chassis.database import Database
from compliance.interfaces.publications import PUBLICATIONS
from elcorp.compliance.v1.events_pb2 import AuditFactsRecorded

TABLES = (
    "screening_blocks",
    "audit_entries",
    "audit_related",
    "audit_nodes",
    "audit_head",
    "checkpoints",
    "log_keys",
    "retention_rules",
    "outbox",
    "inbox",
    "idempotency_keys",
)
_CLASSES = {spec.type: spec.message_class for spec in PUBLICATIONS.specs}


async def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    async with database.read() as connection:
        return [tuple(row) for row in (await connection.execute(text(query))).all()]


async def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table: equal before and after what has changed nothing."""
    return {table: await rows(database, f"SELECT * FROM {table} ORDER BY {table}::text") for table in TABLES}


async def published(database: Database) -> list[tuple[str | None, Message]]:
    """Return the outbox's messages with their aggregates, in order; audit facts without their ids, which are random."""
    found = await rows(database, "SELECT type, aggregate_id, payload FROM outbox ORDER BY position")
    messages = [(aggregate_id, _CLASSES[type_].FromString(bytes(payload))) for type_, aggregate_id, payload in found]
    for _, message in messages:
        for fact in message.facts if isinstance(message, AuditFactsRecorded) else ():
            assert UUID(fact.fact_id)
            fact.ClearField("fact_id")
    return messages
