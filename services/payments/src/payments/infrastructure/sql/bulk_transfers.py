"""Bulk transfers in hand-written SQL: a file of thousands of lines is a few rows."""

# ruff: noqa: S608  # put together of our own constants

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.objects.claims_table import HOLD, SqlObjectClaims
from chassis.persistence.database import Database
from chassis.persistence.sql_reads import SqlReads
from kernel.actor import Actor
from kernel.events import Aggregate
from kernel.objects import ObjectsUnavailable, StoredFile
from kernel.pages import CursorPage, CursorRequest
from payments.application.bulk_transfers.views import BulkLineView, BulkView
from payments.application.ports.queued_jobs import RUN_BULK
from payments.domain.bulk import Bulk, Chunk, LineStatus
from payments.domain.bulk_file import LINES_MAX, BulkLine
from payments.infrastructure.job_queue import JOB_QUEUE
from payments.infrastructure.sql.actors import PAYER, actor_of, actor_text
from payments.infrastructure.sql.advisory_lock import TAKE_LOCK, lock_number
from payments.infrastructure.sql.bulk_transfer_rows import (
    COLUMNS,
    STANDING,
    bulk_of,
    chunk_of,
    line_of,
    lines_text,
    outcomes_text,
    values_of,
)

_READ: Final = ", ".join(COLUMNS)
_BY_KEY = text(f"SELECT {_READ} FROM bulks WHERE initiator_id = :initiator AND idempotency_key = :key")
_COUNT_OPEN = text("SELECT count(*) FROM bulks WHERE initiator_id = :initiator AND ended_at IS NULL")
_JSON: Final = {"actor", "signature", "approval_rules"}


def _place(name: str) -> str:
    return f"cast(:{name} AS jsonb)" if name in _JSON else f":{name}"


_PLACES: Final = ", ".join(_place(name) for name in (*COLUMNS, "actor"))
_ADD = text(f"INSERT INTO bulks ({_READ}, actor) VALUES ({_PLACES})")
_OPEN_OF = text("SELECT id FROM bulks WHERE initiator_id = :initiator AND ended_at IS NULL ORDER BY id")
_ADD_CHUNK = text(
    """
    INSERT INTO bulk_chunks (bulk_id, number, first_line, last_line, lines)
    VALUES (:bulk_id, :number, :first, :last, cast(:lines AS jsonb))
    """
)
_LOCK = text(f"SELECT {_READ}, actor FROM bulks WHERE id = :id FOR NO KEY UPDATE")
_WAITING = text(
    """
    SELECT c.number, c.lines, c.outcomes, b.currency FROM bulk_chunks c JOIN bulks b ON b.id = c.bulk_id
    WHERE c.bulk_id = :id AND c.outcomes IS NULL ORDER BY c.number LIMIT :limit
    """
)
_LINES = text(
    "SELECT c.lines, b.currency FROM bulk_chunks c JOIN bulks b ON b.id = c.bulk_id WHERE c.bulk_id = :id ORDER BY c.number"
)
_SAVE = text(f"UPDATE bulks SET {', '.join(f'{name} = {_place(name)}' for name in STANDING)} WHERE id = :id")
_SAVE_CHUNK = text("UPDATE bulk_chunks SET outcomes = cast(:outcomes AS jsonb) WHERE bulk_id = :bulk_id AND number = :number")
_PAYS = text(
    """
    SELECT EXISTS (
        SELECT FROM bulk_chunks c CROSS JOIN LATERAL jsonb_array_elements(c.lines) AS line (value)
        JOIN accounts target ON target.id = cast(line.value ->> 1 AS uuid)
        WHERE c.bulk_id = :id AND target.owner_id = :owner
    )
    """
)
_HAS_FILES = text("SELECT EXISTS (SELECT FROM bulks WHERE initiator_id = :initiator AND file_digest IS NOT NULL)")
_OVERDUE = text("SELECT id FROM bulks WHERE status = 'pending_approval' AND expires_at <= :at ORDER BY expires_at LIMIT :limit")
_LEFT_BEHIND = text(
    """
    SELECT id FROM bulks WHERE ended_at IS NULL AND status <> 'pending_approval' AND coalesce(progressed_at, created_at) < :before
    ORDER BY coalesce(progressed_at, created_at) LIMIT :limit
    """
)


def object_claims(database: Database) -> SqlObjectClaims:
    """Return the record of files; a column that refers to files is entered here, or its files would be removed."""
    return SqlObjectClaims(database, {"bulks": "file_digest"})


class SqlBulkRepository:
    def __init__(self, session: AsyncSession, written: list[Aggregate]) -> None:
        self._session = session
        self._written = written

    async def find_by_key(self, initiator_id: UUID, key: str) -> Bulk | None:
        await self._session.execute(TAKE_LOCK, {"lock": lock_number("bulks", initiator_id)})
        row = (await self._session.execute(_BY_KEY, {"initiator": initiator_id, "key": key})).one_or_none()
        return bulk_of(row) if row else None

    async def count_open(self, initiator_id: UUID) -> int:
        return int(await self._session.scalar(_COUNT_OPEN, {"initiator": initiator_id}) or 0)

    async def open_of(self, initiator_id: UUID) -> Sequence[UUID]:
        return list(await self._session.scalars(_OPEN_OF, {"initiator": initiator_id}))

    async def add(self, bulk: Bulk, chunks: Sequence[Chunk], actor: Actor) -> None:
        self._written.append(bulk)
        if bulk.file_digest:
            await self._hold(bulk.file_digest)
        await self._session.execute(_ADD, {**values_of(bulk), "actor": actor_text(actor)})
        rows = [
            {
                "bulk_id": bulk.id,
                "number": chunk.number,
                "first": chunk.lines[0].number,
                "last": chunk.lines[-1].number,
                "lines": lines_text(chunk.lines),
            }
            for chunk in chunks
        ]
        await self._session.execute(_ADD_CHUNK, rows)
        if bulk.status.may_run:
            await self.queue(bulk.id)

    async def _hold(self, digest: str) -> None:
        """Raise ObjectsUnavailable if the file is being removed; until the commit it cannot be."""
        if not (await self._session.execute(HOLD, {"digest": bytes.fromhex(digest)})).one_or_none():
            raise ObjectsUnavailable(digest=digest)

    async def lock(self, bulk_id: UUID) -> tuple[Bulk, Actor] | None:
        row = (await self._session.execute(_LOCK, {"id": bulk_id})).one_or_none()
        return (bulk_of(row), actor_of(row.actor)) if row else None

    async def lines(self, bulk_id: UUID) -> Sequence[BulkLine]:
        rows = await self._session.execute(_LINES, {"id": bulk_id})
        return [line_of(line, row.currency) for row in rows for line in row.lines]

    async def waiting(self, bulk_id: UUID, *, limit: int | None) -> Sequence[Chunk]:
        rows = await self._session.execute(_WAITING, {"id": bulk_id, "limit": limit})
        return [chunk_of(row, row.currency) for row in rows]

    async def save(self, bulk: Bulk, chunks: Sequence[Chunk] = ()) -> None:
        self._written.append(bulk)
        values = values_of(bulk)
        await self._session.execute(_SAVE, {"id": bulk.id, **{name: values[name] for name in STANDING}})
        rows = [
            {"bulk_id": bulk.id, "number": chunk.number, "outcomes": outcomes_text(chunk.outcomes)}
            for chunk in chunks
            if chunk.outcomes is not None
        ]
        if rows:
            await self._session.execute(_SAVE_CHUNK, rows)

    async def pays(self, bulk_id: UUID, owner_id: UUID) -> bool:
        return bool(await self._session.scalar(_PAYS, {"id": bulk_id, "owner": owner_id}))

    async def has_files(self, initiator_id: UUID) -> bool:
        return bool(await self._session.scalar(_HAS_FILES, {"initiator": initiator_id}))

    async def overdue(self, at: datetime, *, limit: int) -> Sequence[UUID]:
        return list(await self._session.scalars(_OVERDUE, {"at": at, "limit": limit}))

    async def left_behind(self, before: datetime, *, limit: int) -> Sequence[UUID]:
        return list(await self._session.scalars(_LEFT_BEHIND, {"before": before, "limit": limit}))

    async def queue(self, bulk_id: UUID) -> None:
        # Two runs of one bulk never run at the same time.
        await JOB_QUEUE.defer(self._session, RUN_BULK, lock=f"bulk:{bulk_id}", bulk_id=str(bulk_id))


_VIEWED: Final = ", ".join(BulkView.__slots__)
_BULK = text(f"SELECT {_VIEWED} FROM bulks WHERE id = :id")
_BULKS_OF = text(f"SELECT {_VIEWED} FROM bulks WHERE {PAYER} = :payer AND id < :before ORDER BY id DESC LIMIT :limit")
_AWAITING = text(
    f"""
    SELECT {_VIEWED} FROM bulks WHERE status = 'pending_approval' AND id < :before
    AND (cast(:organization AS uuid) IS NULL OR organization_id = :organization) ORDER BY id DESC LIMIT :limit
    """
)
_FILE = text("SELECT file_digest, file_size, format, file_name FROM bulks WHERE id = :id AND file_digest IS NOT NULL")
# If a file was rejected or cancelled before it started, no outcomes are written to its lines.
_UNTOLD: Final = "CASE WHEN b.ended_at IS NULL THEN 'waiting' ELSE 'not_run' END"
# Chunks hold their lines in order, so a page is read only from the chunks that contain it.
_PAGE_OF_LINES = text(
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


class SqlBulkViews(SqlReads):
    async def bulk(self, bulk_id: UUID) -> BulkView | None:
        rows = await self._rows(_BULK, id=bulk_id)
        return _bulk_view(rows[0]) if rows else None

    async def file(self, bulk_id: UUID) -> StoredFile | None:
        rows = await self._rows(_FILE, id=bulk_id)
        return next((StoredFile(digest=bytes(d).hex(), size=s, media_type=m, name=n) for d, s, m, n in rows), None)

    async def bulks_of(self, payer_id: UUID, cursor: CursorRequest) -> CursorPage[BulkView]:
        found = await self._cursor_page(_BULKS_OF, cursor, attrgetter("id"), payer=payer_id, before=cursor.id())
        return found.map(_bulk_view)

    async def bulks_awaiting_approval(self, cursor: CursorRequest, *, organization_id: UUID | None) -> CursorPage[BulkView]:
        of = {"before": cursor.id(), "organization": organization_id}
        return (await self._cursor_page(_AWAITING, cursor, attrgetter("id"), **of)).map(_bulk_view)

    async def bulk_lines(
        self, bulk_id: UUID, cursor: CursorRequest, *, statuses: Sequence[LineStatus] = ()
    ) -> CursorPage[BulkLineView]:
        wanted = [status.value for status in statuses] or None
        after = cursor.number(first=0, highest=LINES_MAX)
        found = await self._cursor_page(_PAGE_OF_LINES, cursor, _line_number, id=bulk_id, after=after, statuses=wanted)
        return found.map(_line_view)


def _bulk_view(row: Sequence[Any]) -> BulkView:
    return BulkView(**dict(zip(BulkView.__slots__, row, strict=True)))


def _line_view(row: Any) -> BulkLineView:
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


def _line_number(row: Any) -> object:
    return row.line[0]
