"""The outbox: events written in the transaction that made them true, relayed afterwards.

A row's presence is its status: it is deleted once the broker has confirmed the message. Positions are handed out
before commit, so nothing may read the table as "position > last"; within one aggregate they are in order all the same,
because each is taken while the aggregate's own row is locked.
"""

from collections.abc import Sequence
from typing import Final

from chassis.persistence.json_rows import to_json_rows
from chassis.persistence.outbox_message import OutboxMessage
from chassis.persistence.pipeline import Statement

CHANNEL = "outbox"

# One statement and one parameter for all rows. The relay's wake-up is not here: NOTIFY in a transaction would end group
# commit (outbox_notifier.py).
_INSERT: Final = """
    INSERT INTO outbox (message_id, type, aggregate_id, payload, headers)
    SELECT id, type, aggregate_id, decode(payload, 'hex'), headers
    FROM jsonb_to_recordset($1::jsonb)
        AS new (id uuid, type text, aggregate_id text, payload text, headers jsonb)
"""


def insert(messages: Sequence[OutboxMessage]) -> Statement:
    """Return the statement that adds messages to the outbox."""
    rows = [
        {
            "id": message.message_id,
            "type": message.type,
            "aggregate_id": message.aggregate_id,
            "payload": message.payload.hex(),
            "headers": message.headers,
        }
        for message in messages
    ]
    return Statement(_INSERT, (to_json_rows(rows),), unaudited=True)
