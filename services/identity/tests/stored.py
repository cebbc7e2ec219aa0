"""What is stored, as tests ask for it."""

from typing import Any

from sqlalchemy import text

from chassis.messaging.contracts import spec_of
from chassis.persistence.database import Database
from elcorp.compliance.v1.events_pb2 import AuditFactsRecorded


async def rows(database: Database, query: str) -> list[Any]:
    async with database.read() as connection:
        return list((await connection.execute(text(query))).all())


async def recorded_actions(database: Database) -> list[str]:
    """Return the actions of all audit facts, in order."""
    query = text("SELECT payload FROM outbox WHERE type = :type ORDER BY position")
    async with database.read() as connection:
        payloads = (await connection.execute(query, {"type": spec_of(AuditFactsRecorded).type})).scalars()
        return [fact.action for payload in payloads for fact in AuditFactsRecorded.FromString(bytes(payload)).facts]
