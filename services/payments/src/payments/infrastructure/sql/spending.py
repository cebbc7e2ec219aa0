"""The amounts that owners have sent, by day and month."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.json_rows import to_json_rows
from payments.application.ports.spending import OwnerLimits, Sent, SentQuestion
from payments.domain.account import treasury_id
from payments.domain.limits import STANDARD_TIER, Spending

# A transfer counts from the time of its order while it is on hold, awaits approval or is settled; a partial capture counts
# with its part. A file counts with all its lines from the time when it may run, regardless of its submission, because its
# lines are sent when they run; once it has ended, only its settled lines count.
# The file that is judged, `but_bulk`, has not ended, so leaving out its lines leaves out the whole file.
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
        WHERE t.created_at > asked.since AND coalesce(t.organization_id, t.initiator_id) = asked.payer_id
          AND t.kind NOT IN ('refund', 'reversal') AND t.status NOT IN ('failed', 'cancelled', 'reversed')
          AND (asked.kinds IS NULL OR asked.kinds ? t.kind)
          AND (asked.counterparty IS NULL OR asked.counterparty IN (target.id, target.owner_id))
          AND NOT EXISTS (SELECT FROM bulks b WHERE b.id = t.link_id AND b.ended_at IS NULL)
        UNION ALL
        SELECT asked.payer_id, asked.rule, (line.value ->> 2)::numeric
        FROM asked
        JOIN bulks b ON coalesce(b.organization_id, b.initiator_id) = asked.payer_id AND b.currency = asked.currency
            AND b.ended_at IS NULL AND b.status <> 'pending_approval' AND b.id IS DISTINCT FROM asked.but_bulk
        JOIN bulk_chunks c ON c.bulk_id = b.id
        CROSS JOIN LATERAL jsonb_array_elements(c.lines) AS line (value)
        JOIN accounts target ON target.id = (line.value ->> 1)::uuid
        WHERE (asked.kinds IS NULL OR asked.kinds ? CASE target.usage WHEN 'merchant' THEN 'payment' ELSE 'transfer' END)
          AND (asked.counterparty IS NULL OR asked.counterparty IN (target.id, target.owner_id))
    )
    SELECT asked.payer_id, asked.rule, coalesce(sum(flows.amount), 0)
    FROM asked LEFT JOIN flows USING (payer_id, rule) GROUP BY asked.payer_id, asked.rule
"""
# An id contains milliseconds, and is generated shortly before or after its transfer's time of creation.
_SLACK: Final = timedelta(seconds=60)
_SENT = text(SENT.replace("$1::jsonb", "cast(:asked AS jsonb)"))
# In the same order everywhere, and always after the accounts.
_LOCK = text(
    """
    SELECT s.owner_id, s.currency, s.day, s.day_total, s.month, s.month_total, coalesce(t.tier, :standard) AS tier
    FROM unnest(cast(:owners AS uuid[]), cast(:currencies AS text[])) AS asked (owner_id, currency)
    JOIN spending s ON s.owner_id = asked.owner_id AND s.currency = asked.currency
    LEFT JOIN customer_tiers t ON t.owner_id = s.owner_id
    ORDER BY s.owner_id, s.currency FOR NO KEY UPDATE OF s
    """
)
_BEGIN = text(
    """
    INSERT INTO spending (owner_id, currency, day, day_total, month, month_total)
    VALUES (:owner, :currency, :day, 0, :month, 0) ON CONFLICT DO NOTHING
    """
)
_SAVE = text(
    """
    UPDATE spending SET day = new.day, day_total = new.day_total, month = new.month, month_total = new.month_total
    FROM unnest(
        cast(:owners AS uuid[]), cast(:currencies AS text[]), cast(:days AS date[]), cast(:day_totals AS numeric[]),
        cast(:months AS date[]), cast(:month_totals AS numeric[])
    ) AS new (owner_id, currency, day, day_total, month, month_total)
    WHERE spending.owner_id = new.owner_id AND spending.currency = new.currency
    """
)


class SqlSpending:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, of: Sequence[tuple[UUID, str]]) -> Mapping[tuple[UUID, str], OwnerLimits]:
        if not of:
            return {}
        rows = await self._session.execute(_LOCK, {**_keys(of), "standard": STANDARD_TIER})
        return {(row.owner_id, row.currency): OwnerLimits(row.tier, _spending(row)) for row in rows}

    async def begin(self, owner_id: UUID, currency: str, at: datetime) -> None:
        none = Spending.none(owner_id, currency, at)
        await self._session.execute(_BEGIN, {"owner": owner_id, "currency": currency, "day": none.day, "month": none.month})

    async def sent(self, questions: Sequence[SentQuestion]) -> Sent:
        if not questions:
            return {}
        rows = await self._session.execute(_SENT, {"asked": sent_questions(questions)})
        return {(row[0], row[1]): row[2] for row in rows}

    async def save(self, spendings: Sequence[Spending]) -> None:
        await self._session.execute(
            _SAVE,
            {
                **_keys([(spending.owner_id, spending.currency) for spending in spendings]),
                "days": [spending.day for spending in spendings],
                "day_totals": [spending.day_total for spending in spendings],
                "months": [spending.month for spending in spendings],
                "month_totals": [spending.month_total for spending in spendings],
            },
        )


def _spending(row: Any) -> Spending:
    return Spending(
        owner_id=row.owner_id,
        currency=row.currency,
        day=row.day,
        day_total=row.day_total,
        month=row.month,
        month_total=row.month_total,
    )


def _keys(of: Sequence[tuple[UUID, str]]) -> dict[str, object]:
    return {"owners": [owner for owner, _ in of], "currencies": [currency for _, currency in of]}


def sent_questions(questions: Sequence[SentQuestion]) -> str:
    """Write the questions as the one parameter of SENT."""
    return to_json_rows([_question(question) for question in questions])


def _question(question: SentQuestion) -> dict[str, object]:
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
        # Staff order issuances, from the treasury.
        "treasury": treasury_id(rule.currency) if not rule.kinds or "issuance" in rule.kinds else None,
    }


def _first_id(moment: datetime) -> UUID:
    """Return the smallest UUIDv7 of a moment."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)
