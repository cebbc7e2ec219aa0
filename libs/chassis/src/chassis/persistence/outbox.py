"""The outbox: events written in the transaction of their change, and relayed afterwards.

A row has no status: it is deleted after the broker has confirmed the message. Positions are assigned before commit, so never
read the table with "position > last". Within one aggregate positions are in order, because each is assigned while the
aggregate's row is locked.
"""

from collections.abc import Sequence
from typing import Final

from chassis.persistence.json_rows import to_json_rows
from chassis.persistence.outbox_message import OutboxMessage
from chassis.persistence.pipeline import Statement

CHANNEL = "outbox"

# One statement and one parameter for all rows. It does not wake the relay: NOTIFY in a transaction prevents group commit
# (outbox_notifier.py).
# The transaction takes its id before a row takes its position, and before the id no row is inserted: the relay's low-water marks
# depend on it (messaging/low_water.py).
_INSERT: Final = """
    INSERT INTO outbox (message_id, type, aggregate_id, payload, headers)
    SELECT id, type, aggregate_id, decode(payload, 'hex'), headers
    FROM pg_current_xact_id(), jsonb_to_recordset($1::jsonb)
        AS new (id uuid, type text, aggregate_id text, payload text, headers jsonb)
"""
# Audit facts enter the journal with their message, or neither is written.
_INSERT_WITH_FACTS: Final = f"""
    WITH journal AS (
        INSERT INTO audit_journal (fact_id, digest)
        SELECT id, decode(digest, 'hex')
        FROM pg_current_xact_id(), jsonb_to_recordset($2::jsonb) AS new (id uuid, digest text)
    )
    {_INSERT}
"""  # noqa: S608  # a constant of this module


def insert(messages: Sequence[OutboxMessage]) -> Statement:
    """Return the statement that adds messages to the outbox, and their audit facts to the journal."""
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
    if facts := [{"id": id_, "digest": digest.hex()} for message in messages for id_, digest in message.facts]:
        return Statement(_INSERT_WITH_FACTS, (to_json_rows(rows), to_json_rows(facts)), unaudited=True)
    return Statement(_INSERT, (to_json_rows(rows),), unaudited=True)
