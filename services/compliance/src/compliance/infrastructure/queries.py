"""The read side: SQL straight to views."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from chassis.database import Database
from compliance.application.queries import BlockView, CheckpointView, EntryFilter
from compliance.domain.entry import LoggedEntry
from compliance.domain.merkle import STORED_LEVELS, Node, fold
from compliance.infrastructure.log import storable, subject_key
from kernel.errors import InvalidValue
from kernel.pages import CursorPage, CursorRequest, Page, PageRequest

_ENTRY = text("SELECT sequence, leaf FROM audit_entries WHERE sequence = :sequence")
_ENTRY_OF_FACT = text("SELECT sequence, leaf FROM audit_entries WHERE fact_id = :fact_id")
# Conditions are picked from this list, never written from input.
_CONDITIONS = {
    "actor_id": "e.actor_id = :actor_id",
    "resource_type": "e.resource_type = :resource_type",
    "resource_id": "e.resource_id = :resource_id",
    "action": "e.action = :action",
    "producer": "e.producer = :producer",
    "since": "e.occurred_at >= :since",
    "until": "e.occurred_at < :until",
}
# The entries that concern a subject, each once. All three parts come in order from an index, so that a page of a subject
# with a million entries reads no more than the page.
_CONCERNING = """
    SELECT sequence FROM audit_entries WHERE resource_id = {id}
    UNION ALL SELECT sequence FROM audit_entries WHERE actor_id = {id} AND resource_id <> {id}
    UNION ALL SELECT sequence FROM audit_related WHERE subject = {key}
"""
_RELATED_TO = f"JOIN ({_CONCERNING.format(id=':related_to', key=':related_key')}) AS found USING (sequence)"
_ABOUT = text(
    f"""
    SELECT e.sequence, e.leaf FROM audit_entries e
    WHERE e.sequence IN (
        SELECT found.sequence FROM unnest(cast(:subjects AS text[]), cast(:keys AS uuid[])) AS asked (id, key)
        CROSS JOIN LATERAL (
            SELECT sequence FROM ({_CONCERNING.format(id="asked.id", key="asked.key")}) AS each
            ORDER BY sequence DESC LIMIT :limit
        ) AS found
    ) AND e.resource_type <> ALL(cast(:but_not_of AS text[]))
    ORDER BY e.sequence DESC LIMIT :limit
    """  # noqa: S608  # put together from constants
)
_OF_RESOURCE = text(
    "SELECT sequence, leaf FROM audit_entries WHERE resource_id = :resource_id ORDER BY sequence DESC LIMIT :limit"
)
_LATEST = text("SELECT size, root_hash, note, signed_at FROM checkpoints ORDER BY size DESC LIMIT 1")
_OF_SIZE = text("SELECT size, root_hash, note, signed_at FROM checkpoints WHERE size = :size")
_LEAVES = text(
    """
    SELECT e.sequence AS index, e.leaf_hash AS hash
    FROM unnest(cast(:starts AS bigint[]), cast(:ends AS bigint[])) AS wanted (first, last)
    JOIN audit_entries e ON e.sequence >= wanted.first AND e.sequence < wanted.last
    """
)
_NODES = text(
    """
    SELECT n.index, n.hash
    FROM unnest(cast(:starts AS bigint[]), cast(:ends AS bigint[])) AS wanted (first, last)
    JOIN audit_nodes n ON n.level = :level AND n.index >= wanted.first AND n.index < wanted.last
    """
)
_BLOCKS = text(
    """
    SELECT id, subject_id, reason, created_by, created_at, lifted_by, lifted_at
    FROM screening_blocks
    WHERE cast(:standing AS boolean) IS NULL OR (lifted_at IS NULL) = :standing
    ORDER BY created_at DESC, id LIMIT :limit OFFSET :offset
    """
)
_BLOCKS_TOTAL = text(
    "SELECT count(*) FROM screening_blocks WHERE cast(:standing AS boolean) IS NULL OR (lifted_at IS NULL) = :standing"
)
_STANDING = text("SELECT subject_id, reason FROM screening_blocks WHERE lifted_at IS NULL AND subject_id = ANY(:subjects)")
_SEQUENCE_MAX = 2**63 - 1


class SqlComplianceQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(self, wanted: EntryFilter, cursor: CursorRequest) -> CursorPage[LoggedEntry]:
        given: dict[str, Any] = {name: value for name in _CONDITIONS if (value := getattr(wanted, name)) is not None}
        conditions = [_CONDITIONS[name] for name in given]
        if cursor.after is not None:
            given["after"] = _sequence(cursor.after)
            conditions.append("sequence > :after" if wanted.oldest_first else "sequence < :after")
        source = "audit_entries e"
        if wanted.related_to is not None:
            source = f"{source} {_RELATED_TO}"
            given |= {"related_to": wanted.related_to, "related_key": subject_key(wanted.related_to)}
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        order = "ASC" if wanted.oldest_first else "DESC"
        query = f"SELECT sequence, e.leaf FROM {source} {where} ORDER BY sequence {order} LIMIT :limit"  # noqa: S608  # of constants
        rows = await self._rows(text(query), **given, limit=cursor.limit + 1)
        entries = [_logged(row) for row in rows[: cursor.limit]]
        return CursorPage(entries, str(entries[-1].sequence) if len(rows) > cursor.limit else None)

    async def entry(self, place: int | UUID) -> LoggedEntry | None:
        if isinstance(place, UUID):
            rows = await self._rows(_ENTRY_OF_FACT, fact_id=place)
        else:
            rows = await self._rows(_ENTRY, sequence=min(place, _SEQUENCE_MAX))
        return _logged(rows[0]) if rows else None

    async def of_resource(self, resource_id: str, *, limit: int) -> list[LoggedEntry]:
        rows = await self._rows(_OF_RESOURCE, resource_id=resource_id, limit=limit)
        return [_logged(row) for row in reversed(rows)]

    async def about(self, subject_ids: Collection[str], *, but_not_of: Collection[str], limit: int) -> list[LoggedEntry]:
        subjects = sorted(subject_ids)
        keys = [subject_key(subject) for subject in subjects]
        rows = await self._rows(_ABOUT, subjects=subjects, keys=keys, but_not_of=sorted(but_not_of), limit=limit)
        return [_logged(row) for row in reversed(rows)]

    async def latest_checkpoint(self) -> CheckpointView | None:
        return _checkpoint(await self._rows(_LATEST))

    async def checkpoint_of(self, size: int) -> CheckpointView | None:
        return _checkpoint(await self._rows(_OF_SIZE, size=min(size, _SEQUENCE_MAX)))

    async def nodes(self, wanted: Collection[Node]) -> Mapping[Node, bytes]:
        by_level: dict[int, list[Node]] = defaultdict(list)
        for node in wanted:
            by_level[node.level - node.level % STORED_LEVELS].append(node)
        hashes: dict[Node, bytes] = {}
        for level, nodes in by_level.items():
            # A node between two stored levels is folded from the 2 to 128 stored ones below it.
            spans = {node: (node.position << (node.level - level), (node.position + 1) << (node.level - level)) for node in nodes}
            stored = await self._stored(level, list(spans.values()))
            hashes.update({node: fold_complete([stored[at] for at in range(*span)]) for node, span in spans.items()})
        return hashes

    async def blocks(self, *, standing: bool | None, page: PageRequest) -> Page[BlockView]:
        rows = await self._rows(_BLOCKS, standing=standing, limit=page.per_page, offset=page.offset)
        ((total,),) = await self._rows(_BLOCKS_TOTAL, standing=standing)
        return Page([BlockView(*row) for row in rows], page.page, page.per_page, total)

    async def standing(self, subject_ids: Collection[UUID]) -> Mapping[UUID, str]:
        return {row.subject_id: row.reason for row in await self._rows(_STANDING, subjects=list(subject_ids))}

    async def _stored(self, level: int, spans: Sequence[tuple[int, int]]) -> dict[int, bytes]:
        facts: dict[str, object] = {"starts": [start for start, _ in spans], "ends": [end for _, end in spans]}
        rows = await (self._rows(_NODES, **facts, level=level) if level else self._rows(_LEAVES, **facts))
        return {row.index: bytes(row.hash) for row in rows}

    async def _rows(self, query: TextClause, **parameters: object) -> Sequence[Any]:
        async with self._database.read() as connection:
            return (await connection.execute(query, {name: _sent(value) for name, value in parameters.items()})).all()


def _sent(value: object) -> object:
    """Ask for names as they are stored: a leaf may hold what PostgreSQL's text cannot."""
    if isinstance(value, list):
        return [_sent(each) for each in value]
    return storable(value) if isinstance(value, str) else value


def fold_complete(hashes: list[bytes]) -> bytes:
    """Combine a power of two of neighbouring hashes into their subtree's root."""
    while len(hashes) > 1:
        hashes = [fold(hashes[at : at + 2]) for at in range(0, len(hashes), 2)]
    return hashes[0]


def _sequence(text_: str) -> int:
    if not (text_.isascii() and text_.isdigit()) or int(text_) > _SEQUENCE_MAX:
        raise InvalidValue(field="cursor", expected="the next_cursor of the page before")
    return int(text_)


def _logged(row: Any) -> LoggedEntry:
    return LoggedEntry.read(row.sequence, bytes(row.leaf))


def _checkpoint(rows: Sequence[Any]) -> CheckpointView | None:
    return CheckpointView(rows[0].size, bytes(rows[0].root_hash), rows[0].note, rows[0].signed_at) if rows else None
