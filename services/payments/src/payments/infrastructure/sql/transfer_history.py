"""Past transfers, by SQL.

Ids are UUIDv7, so they are in the order of creation. Two indexes per wallet (sent, received) return the newest transfers below
the cursor, and every page costs the same, however deep it is. References have their own indexes. The time of settlement has
none: money moves within `SETTLED_WITHIN` of a transfer's creation, which bounds the ids.

Other filters are applied to the transfers in steps of a growing, bounded number, one statement per step. A page ends when it
is full, when the history ends, or, once it has an item, after `LOOKED_AT_FEW` transfers; so an empty page is always the last.
After `LOOKED_AT_MAX` without an item the request is refused, so that a rare word cannot make one request read without end.
There is no index on words: it would cost every transfer and need a PostgreSQL extension.
"""

# ruff: noqa: S608  # put together of this module's own constants; what users give is bound

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TextClause, text

from chassis.persistence.sql_reads import SqlReads
from kernel.money import CURRENCIES
from kernel.pages import CursorPage, CursorRequest
from payments.application.statements.views import Direction, Movement
from payments.application.transfers.views import HistoryFilter, HistoryTooLong
from payments.domain.account import SystemCode, system_account_id
from payments.domain.transfer import Transfer
from payments.infrastructure.sql.transfer_rows import READ, transfer_of

# About how many transfers a page examines once it has an item, and how many while it has none.
LOOKED_AT_FEW: Final = 5_000
LOOKED_AT_MAX: Final = 1_000_000
_STEP_MIN: Final = 1_000
_STEP_MAX: Final = 64_000
_STEP_GROWTH: Final = 4
# The longest time that a transfer can wait for a decision and then stay on hold, by the bounds of the settings.
SETTLED_WITHIN: Final = timedelta(days=30 + 31)

# `edge`: the oldest id of a step, chosen so that no index returns more than its share of the transfers from there to the cursor;
# NULL if the step contains all the rest. Counting reads only the index. `upto`: `found` has everything from there on. The third
# column distinguishes the two wallets of an internal transfer, so that their order is fixed.
_STEP: Final = """
    WITH own AS ({own}),
    edge AS (
        SELECT (
            SELECT last.id FROM own CROSS JOIN LATERAL ({counted}) AS last ORDER BY last.id DESC LIMIT 1
        ) AS id
    ),
    found AS (
        SELECT DISTINCT hit.id FROM own CROSS JOIN LATERAL ({tried}) AS hit ORDER BY hit.id DESC LIMIT :rows
    ),
    step AS (
        SELECT count(*) = :rows AS is_full,
               CASE WHEN count(*) = :rows THEN (SELECT id FROM found ORDER BY id LIMIT 1) ELSE (SELECT id FROM edge) END AS upto
        FROM found
    )
    SELECT step.is_full, step.upto, page.* FROM step LEFT JOIN ({page}) page ON true ORDER BY page.id DESC, 3
"""
_COUNTED: Final = """
    (SELECT t.id FROM transfers t WHERE {end} AND {bounds} ORDER BY t.id DESC
     OFFSET (SELECT greatest(:rows - 1, :size / (2 * count(*))) FROM own) LIMIT 1)
"""
# If every transfer matches, a step ends when it is full.
_UNCOUNTED: Final = "SELECT cast(NULL AS uuid) AS id"
_TRIED: Final = """
    (SELECT t.id FROM transfers t
     WHERE {end} AND {bounds} AND t.id >= coalesce((SELECT id FROM edge), :oldest) AND {tried} ORDER BY t.id DESC LIMIT :rows)
"""
_BOUNDS: Final = "t.id < :before AND t.id >= :oldest"
# The second condition lets the planner use the partial index on transfers with a reference.
_REFERENCE: Final = "t.reference = :reference AND t.reference <> ''"
_WALLETS: Final = ("t.source_id = own.id", "t.target_id = own.id")
_TRANSFERS: Final = f"SELECT {READ} FROM found JOIN transfers t USING (id)"
# Use the postings: a transfer's row does not contain the fees that a refund returned, nor how a conversion was reversed.
_MOVEMENTS: Final = f"""
    SELECT own.id AS wallet_id, own.currency AS wallet_currency,
           t.source_id IN (SELECT id FROM own) AND t.target_id IN (SELECT id FROM own) AS is_internal,
           posted.moved, posted.fee, {READ}
    FROM found JOIN transfers t USING (id) JOIN own ON own.id IN (t.source_id, t.target_id)
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(p.amount), 0) AS moved,
               coalesce(-sum(p.amount) FILTER (WHERE p.counterparty_id = ANY(:fee_accounts)), 0) AS fee
        FROM postings p WHERE p.transfer_id = t.id AND p.account_id = own.id
    ) posted
"""
_FEE_ACCOUNTS: Final = [
    system_account_id(code, currency) for code in (SystemCode.FEES, SystemCode.VAT) for currency in CURRENCIES
]
_AWAITING: Final = text(
    f"""
    SELECT {READ} FROM transfers t WHERE status = 'pending_approval' AND t.id < :before
    AND (cast(:organization AS uuid) IS NULL OR organization_id = :organization) ORDER BY t.id DESC LIMIT :limit
    """
)
_CONDITIONS: Final = {
    "counterparty_id": ":counterparty_id IN (t.source_id, t.target_id)",
    "status": "t.status = :status",
    "kind": "t.kind = :kind",
    "currency": "t.currency = :currency",
    "amount_min": "t.amount >= :amount_min",
    "amount_max": "t.amount <= :amount_max",
    "since": "t.created_at >= :since",
    "until": "t.created_at < :until",
    "settled_since": "t.settled_at >= :settled_since",
    "settled_until": "t.settled_at < :settled_until",
    "text": "(t.description ILIKE :text OR t.reference ILIKE :text)",
}
_NEWEST: Final = UUID(int=2**128 - 1)
# An id contains milliseconds, and is generated shortly before or after its transfer's time of creation.
_SLACK: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class _Step:
    """`upto`: where the next step starts, or None if there is none."""

    rows: Sequence[Any]
    size: int
    upto: UUID | None


class SqlTransferHistory(SqlReads):
    async def history(self, wanted: HistoryFilter, cursor: CursorRequest) -> CursorPage[Transfer]:
        found: list[Transfer] = []
        looked_at = 0
        before = _newest(wanted) if cursor.after is None else cursor.id()
        async for step in self._steps(wanted, _TRANSFERS, before=before, rows=cursor.limit + 1):
            found += [transfer_of(row) for row in step.rows]
            looked_at += step.size
            if len(found) > cursor.limit:
                return CursorPage(found[: cursor.limit], str(found[cursor.limit - 1].id))
            if step.upto and found and looked_at >= LOOKED_AT_FEW:
                return CursorPage(found, str(step.upto))
            if step.upto and looked_at >= LOOKED_AT_MAX:
                raise HistoryTooLong(field="since", looked_at=looked_at)
        return CursorPage(found, None)

    async def movements(self, wanted: HistoryFilter, *, batch: int) -> AsyncIterator[Sequence[Movement]]:
        async for step in self._steps(wanted, _MOVEMENTS, before=_newest(wanted), rows=batch, fee_accounts=_FEE_ACCOUNTS):
            if step.rows:
                yield [_movement(row) for row in step.rows]

    async def awaiting_approval(self, cursor: CursorRequest, *, organization_id: UUID | None) -> CursorPage[Transfer]:
        of = {"before": cursor.id(), "organization": organization_id}
        return (await self._cursor_page(_AWAITING, cursor, attrgetter("id"), **of)).map(transfer_of)

    async def _steps(
        self, wanted: HistoryFilter, page: str, *, before: UUID, rows: int, **parameters: object
    ) -> AsyncIterator[_Step]:
        """Search a history, newest first, with at most `rows` matches per step."""
        query, filters = _query(wanted, page)
        # Without such conditions, everything examined is a match.
        size, upto = _STEP_MIN if filters.is_tried else rows, before
        parameters = {**parameters, **filters.parameters, "oldest": _oldest(wanted), "rows": rows}
        while upto is not None:
            answer = await self._rows(query, **parameters, before=upto, size=size)
            is_full, upto = answer[0][:2]
            yield _Step([row[2:] for row in answer if row.id], size, upto)
            if filters.is_tried:
                size = max(size // _STEP_GROWTH, _STEP_MIN) if is_full else min(size * _STEP_GROWTH, _STEP_MAX)


@dataclass(frozen=True, slots=True)
class _Filters:
    """`is_tried`: whether there is a condition without an index."""

    is_tried: bool
    parameters: dict[str, object]


def _query(wanted: HistoryFilter, page: str) -> tuple[TextClause, _Filters]:
    tried = {name: sql for name, sql in _CONDITIONS.items() if getattr(wanted, name) is not None}
    parameters = {name: getattr(wanted, name) for name in tried}
    if wanted.text is not None:
        parameters["text"] = f"%{_literal(wanted.text)}%"
    bounds = _BOUNDS
    if wanted.reference is not None:
        bounds = f"{bounds} AND {_REFERENCE}"
        parameters["reference"] = wanted.reference
    own, ends = _own(wanted, parameters)
    known = {"bounds": bounds, "tried": " AND ".join(tried.values()) or "true"}
    query = _STEP.format(
        own=own,
        counted=" UNION ALL ".join(_COUNTED.format(end=end, **known) for end in ends) if tried else _UNCOUNTED,
        tried=" UNION ALL ".join(_TRIED.format(end=end, **known) for end in ends),
        page=page,
    )
    return text(query), _Filters(bool(tried), parameters)


def _own(wanted: HistoryFilter, parameters: dict[str, object]) -> tuple[str, Sequence[str]]:
    """Return the query of the history's wallets, and the join conditions, one per index."""
    conditions = []
    if wanted.owner_id:
        conditions.append("owner_id = :owner_id")
        parameters["owner_id"] = wanted.owner_id
    if wanted.wallet_id:
        conditions.append("id = :wallet_id")
        parameters["wallet_id"] = wanted.wallet_id
    if not conditions:
        return "SELECT cast(NULL AS uuid) AS id, '' AS currency", ("true",)
    return f"SELECT id, currency FROM accounts WHERE {' AND '.join(conditions)}", _WALLETS


def _movement(row: Sequence[Any]) -> Movement:
    wallet_id, currency, is_internal, moved, fee, *columns = row
    transfer = transfer_of(columns)
    side = Direction.OUT if wallet_id == transfer.order.source_id else Direction.IN
    return Movement(
        transfer=transfer,
        wallet_id=wallet_id,
        direction=Direction.INTERNAL if is_internal else side,
        moved=moved,
        currency=currency,
        fee=fee,
    )


def _newest(wanted: HistoryFilter) -> UUID:
    """Return the upper bound of the period's ids: a transfer that settled before a moment was created before it."""
    ends = [moment for moment in (wanted.until, wanted.settled_until) if moment]
    return _first_id(min(ends), _SLACK) if ends else _NEWEST


def _oldest(wanted: HistoryFilter) -> UUID:
    begins = [_first_id(wanted.since, -_SLACK)] if wanted.since else []
    if wanted.settled_since:
        begins.append(_first_id(wanted.settled_since, -SETTLED_WITHIN - _SLACK))
    return max(begins, default=UUID(int=0))


def _first_id(moment: datetime, slack: timedelta) -> UUID:
    """Return the smallest UUIDv7 of a moment, which may be the minimum or maximum datetime."""
    milliseconds = int((moment.timestamp() + slack.total_seconds()) * 1000)
    return UUID(int=max(0, min(milliseconds, 2**48 - 1)) << 80)


def _literal(words: str) -> str:
    """Escape words for LIKE, so that they match literally."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
