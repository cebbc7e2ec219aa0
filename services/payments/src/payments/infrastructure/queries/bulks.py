"""Bulks and their lines."""

# ruff: noqa: S608  # put together of our own constants

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from kernel.errors import InvalidValue
from kernel.pages import CursorPage, CursorRequest
from payments.application.bulk.queries import BulkLineView, BulkView
from payments.domain.account import Account
from payments.domain.bulk import LineStatus
from payments.domain.bulk_file import LINES_MAX
from payments.infrastructure.queries.rows import SqlReads, before_id
from payments.infrastructure.repositories.accounts import COLUMNS as ACCOUNT_COLUMNS
from payments.infrastructure.repositories.accounts import account_of

_COLUMNS: Final = ", ".join(BulkView.__slots__)
_BULK = text(f"SELECT {_COLUMNS} FROM bulks WHERE id = :id")
_BULKS_OF = text(f"SELECT {_COLUMNS} FROM bulks WHERE initiator_id = :initiator AND id < :before ORDER BY id DESC LIMIT :limit")
_AWAITING = text(f"SELECT {_COLUMNS} FROM bulks WHERE status = 'pending_approval' AND id < :before ORDER BY id DESC LIMIT :limit")
# Of a file that ended before it began, rejected or cancelled, nothing is written to its lines.
_UNTOLD: Final = "CASE WHEN b.ended_at IS NULL THEN 'waiting' ELSE 'not_run' END"
# Chunks hold their lines in order, so that a page is read from the chunks that it lies in.
_LINES = text(
    f"""
    SELECT line.value AS line, c.outcomes -> (line.place - 1)::int AS outcome, {_UNTOLD} AS untold, b.currency
    FROM bulks b JOIN bulk_chunks c ON c.bulk_id = b.id
    CROSS JOIN LATERAL jsonb_array_elements(c.lines) WITH ORDINALITY AS line (value, place)
    WHERE b.id = :id AND c.last_line > :after AND c.first_line + line.place - 1 > :after
      AND (cast(:statuses AS text[]) IS NULL AND c.first_line <= :after + :limit
           OR coalesce(c.outcomes -> (line.place - 1)::int ->> 1, {_UNTOLD}) = ANY(cast(:statuses AS text[])))
    ORDER BY c.first_line + line.place LIMIT :limit
    """
)
_WALLETS = text(f"SELECT {ACCOUNT_COLUMNS} FROM accounts WHERE id = ANY(:ids)")


class SqlBulkQueries(SqlReads):
    async def bulk(self, bulk_id: UUID) -> BulkView | None:
        rows = await self._rows(_BULK, id=bulk_id)
        return _view(rows[0]) if rows else None

    async def bulks_of(self, initiator_id: UUID, cursor: CursorRequest) -> CursorPage[BulkView]:
        rows = await self._rows(_BULKS_OF, initiator=initiator_id, before=before_id(cursor), limit=cursor.limit + 1)
        views = [_view(row) for row in rows[: cursor.limit]]
        return CursorPage(views, str(views[-1].id) if len(rows) > cursor.limit else None)

    async def bulks_awaiting_approval(self, cursor: CursorRequest) -> CursorPage[BulkView]:
        rows = await self._rows(_AWAITING, before=before_id(cursor), limit=cursor.limit + 1)
        views = [_view(row) for row in rows[: cursor.limit]]
        return CursorPage(views, str(views[-1].id) if len(rows) > cursor.limit else None)

    async def bulk_lines(
        self, bulk_id: UUID, cursor: CursorRequest, *, statuses: Sequence[LineStatus] = ()
    ) -> CursorPage[BulkLineView]:
        wanted = [status.value for status in statuses] or None
        rows = await self._rows(_LINES, id=bulk_id, after=_after(cursor), statuses=wanted, limit=cursor.limit + 1)
        views = [_line(row) for row in rows[: cursor.limit]]
        return CursorPage(views, str(views[-1].number) if len(rows) > cursor.limit else None)

    async def of(self, wallet_ids: Sequence[UUID]) -> dict[UUID, Account]:
        rows = await self._rows(_WALLETS, ids=list(wallet_ids))
        return {row[0]: account_of(row) for row in rows}


def _view(row: Sequence[Any]) -> BulkView:
    return BulkView(**dict(zip(BulkView.__slots__, row, strict=True)))


def _line(row: Any) -> BulkLineView:
    number, target, amount, description, reference = row.line
    _, status, transfer, code, message = row.outcome or (number, row.untold, None, "", "")
    return BulkLineView(
        number=number,
        target_id=UUID(target),
        amount=Decimal(amount),
        currency=row.currency,
        description=description,
        reference=reference,
        status=status,
        transfer_id=UUID(transfer) if transfer else None,
        code=code,
        message=message,
    )


def _after(cursor: CursorRequest) -> int:
    if cursor.after is None:
        return 0
    if not cursor.after.isascii() or not cursor.after.isdigit() or len(cursor.after) > len(str(LINES_MAX)):
        raise InvalidValue(field="cursor", expected="the next_cursor of the page before", given=cursor.after)
    return int(cursor.after)
