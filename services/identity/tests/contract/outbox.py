"""What waits in the outbox, read against its proto."""

from typing import Any

from sqlalchemy import text

from chassis.database import Database
from chassis.messaging.contracts import spec_of


async def published(database: Database, message_class: Any) -> list[tuple[Any, str]]:
    """Return the messages of a class with their aggregates' ids, in order."""
    spec = spec_of(message_class)
    async with database.read() as connection:
        rows = await connection.execute(
            text("SELECT payload, aggregate_id FROM outbox WHERE type = :type ORDER BY position"), {"type": spec.type}
        )
        return [(message_class.FromString(bytes(row.payload)), row.aggregate_id) for row in rows]
