"""The outbox: events written in the transaction that made them true, relayed afterwards.

A row's presence is its status: it is deleted once the broker has confirmed the message. Positions are handed out
before commit, so nothing may read the table as "position > last"; within one aggregate they are in order all the same,
because each is taken while the aggregate's own row is locked.
"""

from collections.abc import Sequence

from psycopg.types.json import Json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.messaging.outbox_message import OutboxMessage

CHANNEL = "outbox"

# One statement for all rows. The relay's wake-up is not here: NOTIFY in a transaction would end group commit (bell.py).
_INSERT = text(
    """
    INSERT INTO outbox (message_id, type, aggregate_id, payload, headers)
    SELECT * FROM unnest(
        cast(:ids AS uuid[]), cast(:types AS text[]), cast(:aggregates AS text[]),
        cast(:payloads AS bytea[]), cast(:headers AS jsonb[])
    )
    """
).execution_options(unaudited=True)


async def write(session: AsyncSession, messages: Sequence[OutboxMessage]) -> None:
    """Add messages to the outbox within the session's transaction."""
    await session.execute(
        _INSERT,
        {
            "ids": [message.message_id for message in messages],
            "types": [message.type for message in messages],
            "aggregates": [message.aggregate_id for message in messages],
            "payloads": [message.payload for message in messages],
            "headers": [Json(message.headers) for message in messages],
        },
    )
