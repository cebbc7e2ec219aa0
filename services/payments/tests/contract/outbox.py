"""What payments has published."""

from typing import Any

from sqlalchemy import text

from chassis.database import Database
from chassis.messaging.contracts import spec_of


async def published(database: Database, message_class: Any) -> list[Any]:
    """Return the messages of a type, each of which names its aggregate, in the order of their making."""
    spec = spec_of(message_class)
    async with database.read() as connection:
        rows = await connection.execute(
            text("SELECT payload, aggregate_id FROM outbox WHERE type = :type ORDER BY position"), {"type": spec.type}
        )
        found = [(message_class.FromString(bytes(row.payload)), row.aggregate_id) for row in rows]
    names = ("transfer_id", "wallet_id", "account_id", "bulk_id", "schedule_id", "owner_id")
    for message, aggregate_id in found:
        assert aggregate_id in {getattr(message, name, None) for name in names}
    return [message for message, _ in found]
