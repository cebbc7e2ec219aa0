"""Queries of stored data, for tests."""

import base64
from typing import Any

from sqlalchemy import text

from chassis.messaging.contracts import spec_of
from chassis.persistence.database import Database
from elcorp.compliance.v1.events_pb2 import AuditFactsRecorded
from identity.infrastructure.sql.views import SqlViews
from identity.infrastructure.vault import Vault
from kernel.clock import SystemClock

# The key of every test that names no other key.
MASTER_KEY = base64.b64encode(bytes(range(32))).decode()


async def rows(database: Database, query: str) -> list[Any]:
    async with database.read() as connection:
        return list((await connection.execute(text(query))).all())


async def recorded_actions(database: Database) -> list[str]:
    """Return the actions of all audit facts, in order."""
    query = text("SELECT payload FROM outbox WHERE type = :type ORDER BY position")
    async with database.read() as connection:
        payloads = (await connection.execute(query, {"type": spec_of(AuditFactsRecorded).type})).scalars()
        return [fact.action for payload in payloads for fact in AuditFactsRecorded.FromString(bytes(payload)).facts]


def views_of(database: Database) -> SqlViews:
    """Read stored data with the tests' usual master key."""
    return SqlViews.of(database, Vault(base64.b64decode(MASTER_KEY)), SystemClock())
