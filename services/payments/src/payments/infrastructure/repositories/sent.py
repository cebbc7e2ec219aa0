"""What payers sent within the windows of approval rules."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from chassis.persistence.json_rows import to_json_rows
from payments.application.ports.ledger import SentQuestion
from payments.domain.account import treasury_id

# A transfer counts from the moment that it is ordered, unless nothing came of it: held, awaiting approval, or settled. Of a
# capture in part, the part. A file counts with all its lines from the moment that it may run, however long ago it was handed
# in, for its lines are sent when they run; once it has ended, it counts with what was settled of it.
# A file that is judged itself, `but_bulk`, has not ended, so that leaving its lines out leaves all of it out.
SENT: Final = """
    WITH asked AS (
        SELECT * FROM jsonb_to_recordset($1::jsonb) AS asked (
            payer_id uuid, rule text, currency text, kinds jsonb, counterparty uuid, oldest uuid, since timestamptz,
            treasury uuid, but_bulk uuid
        )
    ), flows AS (
        SELECT asked.payer_id, asked.rule, coalesce(t.captured, t.amount) AS amount
        FROM asked
        JOIN accounts source
            ON source.currency = asked.currency AND (source.owner_id = asked.payer_id OR source.id = asked.treasury)
        JOIN transfers t ON t.source_id = source.id AND t.id >= asked.oldest
        JOIN accounts target ON target.id = t.target_id
        WHERE t.created_at > asked.since AND t.initiator_id = asked.payer_id
          AND t.kind NOT IN ('refund', 'reversal') AND t.status NOT IN ('failed', 'cancelled', 'reversed')
          AND (asked.kinds IS NULL OR asked.kinds ? t.kind)
          AND (asked.counterparty IS NULL OR asked.counterparty IN (target.id, target.owner_id))
          AND NOT EXISTS (SELECT FROM bulks b WHERE b.id = t.link_id AND b.ended_at IS NULL)
        UNION ALL
        SELECT asked.payer_id, asked.rule, (line.value ->> 2)::numeric
        FROM asked
        JOIN bulks b ON b.initiator_id = asked.payer_id AND b.currency = asked.currency AND b.ended_at IS NULL
            AND b.status <> 'pending_approval' AND b.id IS DISTINCT FROM asked.but_bulk
        JOIN bulk_chunks c ON c.bulk_id = b.id
        CROSS JOIN LATERAL jsonb_array_elements(c.lines) AS line (value)
        JOIN accounts target ON target.id = (line.value ->> 1)::uuid
        WHERE (asked.kinds IS NULL OR asked.kinds ? CASE target.usage WHEN 'merchant' THEN 'payment' ELSE 'transfer' END)
          AND (asked.counterparty IS NULL OR asked.counterparty IN (target.id, target.owner_id))
    )
    SELECT asked.payer_id, asked.rule, coalesce(sum(flows.amount), 0)
    FROM asked LEFT JOIN flows USING (payer_id, rule) GROUP BY asked.payer_id, asked.rule
"""
# An id carries milliseconds, and is made a moment before or after the time that its transfer bears.
_SLACK: Final = timedelta(seconds=60)


def sent_questions(questions: Sequence[SentQuestion]) -> str:
    """Write the questions as the one parameter of SENT."""
    return to_json_rows([_asked(question) for question in questions])


def _asked(question: SentQuestion) -> dict[str, object]:
    rule = question.rule
    return {
        "payer_id": question.payer_id,
        "rule": rule.name,
        "currency": rule.currency,
        "kinds": sorted(rule.kinds) if rule.kinds else None,
        "counterparty": rule.counterparty,
        "oldest": _first_id(question.since - _SLACK),
        "since": question.since,
        "but_bulk": question.but_bulk,
        # Issuances are ordered by staff, from the treasury.
        "treasury": treasury_id(rule.currency) if not rule.kinds or "issuance" in rule.kinds else None,
    }


def _first_id(moment: datetime) -> UUID:
    """Return the smallest UUIDv7 of a moment."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)
