"""The inbox: the messages that this service has handled, recorded in the transaction of the effect."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_RECORD = text(
    """
    INSERT INTO inbox (consumer, message_id) VALUES (:consumer, :message_id)
    ON CONFLICT DO NOTHING RETURNING message_id
    """
).execution_options(unaudited=True)


async def record(session: AsyncSession, *, consumer: str, message_id: UUID) -> bool:
    """Record a message; return False if it was recorded before. A concurrent duplicate waits for the first transaction."""
    result = await session.execute(_RECORD, {"consumer": consumer, "message_id": message_id})
    return result.scalar() is not None
