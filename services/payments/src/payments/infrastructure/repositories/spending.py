"""What owners have sent, by day and month."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from payments.application.ports.ledger import Sent, SentQuestion, Tiered
from payments.domain.limits import STANDARD_TIER, Spending
from payments.infrastructure.repositories.sent import SENT, sent_questions

_SENT = text(SENT.replace("$1::jsonb", "cast(:asked AS jsonb)"))
# In one order everywhere, and always after the accounts.
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

    async def lock(self, of: Sequence[tuple[UUID, str]]) -> Mapping[tuple[UUID, str], Tiered]:
        if not of:
            return {}
        rows = await self._session.execute(_LOCK, {**_keys(of), "standard": STANDARD_TIER})
        return {(row.owner_id, row.currency): Tiered(row.tier, _spending(row)) for row in rows}

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
