"""Past transfers, by SQL.

Ids are UUIDv7, so they are in the order of making: each of an owner's wallets gives its newest below the cursor from its own
two indexes (what it sent, what it received), and a page costs the same however deep it lies. What else is asked is looked for
among a bounded number of these, so that a rare word cannot make one request read a whole history.
"""

# ruff: noqa: S608  # put together of this module's own constants; what users give is bound

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from kernel.errors import InvalidValue
from kernel.pages import CursorPage, CursorRequest
from payments.application.history.queries import HistoryFilter
from payments.application.transfers.queries import TransferView
from payments.infrastructure.queries.rows import SqlReads
from payments.infrastructure.queries.transfers import COLUMNS, view_of

# Looked through for one page, at most.
SCANNED_MAX: Final = 1000
_BOUNDS: Final = "id < :before AND id >= :oldest"
_OF_WALLETS: Final = f"""
    own AS (SELECT id FROM accounts WHERE {{own}}),
    scanned AS (
        SELECT id FROM (
            SELECT sent.id FROM own CROSS JOIN LATERAL (
                SELECT id FROM transfers WHERE source_id = own.id AND {_BOUNDS} ORDER BY id DESC LIMIT :scan
            ) sent
            UNION
            SELECT received.id FROM own CROSS JOIN LATERAL (
                SELECT id FROM transfers WHERE target_id = own.id AND {_BOUNDS} ORDER BY id DESC LIMIT :scan
            ) received
        ) either ORDER BY id DESC LIMIT :scan
    )
"""
_OF_ALL: Final = f"scanned AS (SELECT id FROM transfers WHERE {_BOUNDS} ORDER BY id DESC LIMIT :scan)"
_PAGE: Final = f"""
    WITH {{scanned}}
    SELECT (SELECT count(*) FROM scanned) AS scanned, (SELECT id FROM scanned ORDER BY id LIMIT 1) AS last, page.*
    FROM (SELECT) AS always LEFT JOIN (
        SELECT {COLUMNS} FROM scanned JOIN transfers t USING (id) WHERE {{wanted}} ORDER BY t.id DESC LIMIT :limit
    ) page ON true ORDER BY page.id DESC
"""
_AWAITING: Final = text(
    f"""
    SELECT {COLUMNS} FROM transfers t WHERE status = 'pending_approval' AND t.id < :before ORDER BY t.id DESC LIMIT :limit
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
    "text": "(t.description ILIKE :text OR t.reference ILIKE :text)",
}
_NEWEST: Final = UUID(int=2**128 - 1)
# An id carries milliseconds, and is made a moment before or after the time that its transfer bears.
_SLACK: Final = timedelta(seconds=60)


class SqlHistoryQueries(SqlReads):
    async def history(self, wanted: HistoryFilter, cursor: CursorRequest) -> CursorPage[TransferView]:
        conditions = {name: sql for name, sql in _CONDITIONS.items() if getattr(wanted, name) is not None}
        parameters: dict[str, Any] = {name: getattr(wanted, name) for name in conditions}
        if wanted.text is not None:
            parameters["text"] = f"%{_literal(wanted.text)}%"
        # Without conditions every transfer that is looked at is on the page.
        scan = SCANNED_MAX if conditions else cursor.limit + 1
        parameters |= {"before": _before(wanted, cursor), "oldest": _oldest(wanted), "scan": scan, "limit": cursor.limit + 1}
        query = _PAGE.format(scanned=_scanned(wanted, parameters), wanted=" AND ".join(conditions.values()) or "true")
        rows = await self._rows(text(query), **parameters)
        found = [view_of(row[2:]) for row in rows if row.id]
        return CursorPage(found[: cursor.limit], _next(found, cursor, more_to_scan=rows[0].scanned == scan, last=rows[0].last))

    async def awaiting_approval(self, cursor: CursorRequest) -> CursorPage[TransferView]:
        rows = await self._rows(_AWAITING, before=_before(HistoryFilter(), cursor), limit=cursor.limit + 1)
        found = [view_of(row) for row in rows]
        return CursorPage(found[: cursor.limit], _next(found, cursor, more_to_scan=False, last=None))


def _scanned(wanted: HistoryFilter, parameters: dict[str, Any]) -> str:
    own = []
    if wanted.owner_id:
        own.append("owner_id = :owner_id")
        parameters["owner_id"] = wanted.owner_id
    if wanted.wallet_id:
        own.append("id = :wallet_id")
        parameters["wallet_id"] = wanted.wallet_id
    return _OF_WALLETS.format(own=" AND ".join(own)) if own else _OF_ALL


def _next(found: list[TransferView], cursor: CursorRequest, *, more_to_scan: bool, last: UUID | None) -> str | None:
    if len(found) > cursor.limit:
        return str(found[cursor.limit - 1].id)
    return str(last) if more_to_scan else None


def _before(wanted: HistoryFilter, cursor: CursorRequest) -> UUID:
    if cursor.after is not None:
        try:
            return UUID(cursor.after)
        except ValueError:
            raise InvalidValue(field="cursor", expected="the next_cursor of the page before") from None
    return _first_id(wanted.until, _SLACK) if wanted.until else _NEWEST


def _oldest(wanted: HistoryFilter) -> UUID:
    return _first_id(wanted.since, -_SLACK) if wanted.since else UUID(int=0)


def _first_id(moment: datetime, slack: timedelta) -> UUID:
    """Return the smallest UUIDv7 of a millisecond, of a moment that may be the first or the last of all."""
    milliseconds = int((moment.timestamp() + slack.total_seconds()) * 1000)
    return UUID(int=max(0, min(milliseconds, 2**48 - 1)) << 80)


def _literal(words: str) -> str:
    """Return words so that LIKE takes them as they are."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
