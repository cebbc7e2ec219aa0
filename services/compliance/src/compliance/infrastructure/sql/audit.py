"""The audit log in PostgreSQL."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from sqlalchemy import Executable, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.database import BY_INDEX
from chassis.persistence.sql_reads import SqlReads
from compliance.application.audit.views import CheckpointView, EntryFilter, RelatedEntries
from compliance.domain.checkpoint import Checkpoint
from compliance.domain.entry import AuditEntry, LoggedEntry
from compliance.domain.merkle import STORED_LEVELS, Frontier, Node, fold
from compliance.infrastructure.sql.subject_keys import storable, subject_key
from kernel.pages import CursorPage, CursorRequest

_HEAD = text(f"SELECT size, hashes, {BY_INDEX} FROM audit_head FOR UPDATE")  # noqa: S608  # of constants
_SAVE_HEAD = text("UPDATE audit_head SET size = :size, hashes = cast(:hashes AS bytea[])")
_KNOWN = text("SELECT fact_id, leaf_hash FROM audit_entries WHERE fact_id = ANY(:ids)")
# One signer at a time, so that checkpoints are announced in the order of their sizes.
_ONE_SIGNS = text("SELECT pg_advisory_xact_lock(hashtextextended('checkpoints', 0))")
_UNSIGNED = text("SELECT size, hashes FROM audit_head WHERE size > (SELECT coalesce(max(size), 0) FROM checkpoints)")
_ADD_CHECKPOINT = text(
    "INSERT INTO checkpoints (size, root_hash, note) VALUES (:size, :root_hash, :note) ON CONFLICT DO NOTHING RETURNING size"
)

_COPY_ENTRIES = (
    "COPY audit_entries (sequence, fact_id, leaf, leaf_hash, producer, action, actor_id, resource_type, resource_id, occurred_at,"
    " fact_digest, organization_id) FROM STDIN (FORMAT BINARY)"
)
_COPIED_ENTRY_TYPES = ("int8", "uuid", "bytea", "bytea", *("text",) * 5, "timestamptz", "bytea", "uuid")
_COPY_RELATED = "COPY audit_related (subject, sequence) FROM STDIN (FORMAT BINARY)"
_COPY_NODES = "COPY audit_nodes (level, index, hash) FROM STDIN (FORMAT BINARY)"
_LOGGED = "sequence, leaf, organization_id"
_ENTRY = text("SELECT sequence, leaf, organization_id FROM audit_entries WHERE sequence = :sequence")
_ENTRY_OF_FACT = text("SELECT sequence, leaf, organization_id FROM audit_entries WHERE fact_id = :fact_id")
# Conditions come from this list, never from input.
_CONDITIONS = {
    "actor_id": "e.actor_id = :actor_id",
    "resource_type": "e.resource_type = :resource_type",
    "resource_id": "e.resource_id = :resource_id",
    "action": "e.action = :action",
    "producer": "e.producer = :producer",
    "organization_id": "e.organization_id = :organization_id",
    "since": "e.occurred_at >= :since",
    "until": "e.occurred_at < :until",
}
# The entries about a subject, each once, from three indexes. Each part is ordered and limited by itself, because PostgreSQL
# would otherwise sort all entries of a busy subject.
_CONCERNING = """
    (SELECT {columns} FROM audit_entries e WHERE resource_id = {id} {where} ORDER BY sequence {order} LIMIT :limit)
    UNION ALL
    (
        SELECT {columns} FROM audit_entries e WHERE actor_id = {id} AND resource_id <> {id} {where}
        ORDER BY sequence {order} LIMIT :limit
    )
    UNION ALL
    (
        SELECT {columns} FROM audit_related r JOIN audit_entries e USING (sequence) WHERE r.subject = {key} {where}
        ORDER BY sequence {order} LIMIT :limit
    )
"""
_ABOUT = text(
    f"""
    WITH considered AS MATERIALIZED (
        SELECT asked.id, sequence, resource_type
        FROM unnest(cast(:subjects AS text[]), cast(:keys AS uuid[])) AS asked (id, key)
        CROSS JOIN LATERAL (
            {_CONCERNING.format(columns="sequence, resource_type", id="asked.id", key="asked.key", where="", order="DESC")}
        ) AS found
    ), busiest AS (
        SELECT coalesce(max(entries), 0) AS entries FROM (SELECT count(*) AS entries FROM considered GROUP BY id) AS each
    ), newest AS (
        SELECT DISTINCT sequence FROM considered WHERE resource_type <> ALL(:but_not_of) ORDER BY sequence DESC LIMIT :limit
    )
    SELECT e.sequence, e.leaf, e.organization_id, busiest.entries AS busiest
    FROM busiest LEFT JOIN (newest JOIN audit_entries e USING (sequence)) ON true
    ORDER BY e.sequence
    """  # noqa: S608  # put together from constants
)
_OF_RESOURCE = text(
    "SELECT sequence, leaf, organization_id FROM audit_entries WHERE resource_id = :resource_id"
    " ORDER BY sequence DESC LIMIT :limit"
)
# The first entry of a user's id is the registration, so one index row is read.
_PEOPLE = text(
    """
    SELECT asked.id FROM unnest(cast(:ids AS text[])) AS asked (id)
    CROSS JOIN LATERAL (
        SELECT sequence FROM audit_entries WHERE resource_id = asked.id AND resource_type = 'user' ORDER BY sequence LIMIT 1
    ) AS first
    """
)
_LATEST = text("SELECT size, root_hash, note, signed_at FROM checkpoints ORDER BY size DESC LIMIT 1")
_OF_SIZE = text("SELECT size, root_hash, note, signed_at FROM checkpoints WHERE size = :size")
_LEAVES = text("SELECT sequence AS index, leaf_hash AS hash FROM audit_entries WHERE sequence = ANY(:indexes)")
_NODES_OF_LEVEL = text("SELECT index, hash FROM audit_nodes WHERE level = :level AND index = ANY(:indexes)")
_SEQUENCE_MAX = 2**63 - 1


class SqlLogRepository:
    """Write by COPY under one lock: a batch of any size takes a handful of statements."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock_frontier(self) -> Frontier:
        row = (await self._session.execute(_HEAD)).one()
        return Frontier(row.size, [bytes(hash_) for hash_ in row.hashes])

    async def known(self, fact_ids: Collection[UUID]) -> Mapping[UUID, bytes]:
        rows = await self._session.execute(_KNOWN, {"ids": list(fact_ids)})
        return {row.fact_id: bytes(row.leaf_hash) for row in rows}

    async def append(self, entries: Sequence[LoggedEntry], nodes: Mapping[Node, bytes], frontier: Frontier) -> None:
        await self._copy(_COPY_ENTRIES, _COPIED_ENTRY_TYPES, (_row(entry) for entry in entries))
        related = ((subject_key(each), logged.sequence) for logged in entries for each in _related(logged.entry))
        await self._copy(_COPY_RELATED, ("uuid", "int8"), related)
        if nodes:
            await self._copy(_COPY_NODES, ("int2", "int8", "bytea"), ((*node, hash_) for node, hash_ in nodes.items()))
        await self._session.execute(_SAVE_HEAD, {"size": frontier.size, "hashes": frontier.hashes})

    async def unsigned_frontier(self) -> Frontier | None:
        await self._session.execute(_ONE_SIGNS)
        row = (await self._session.execute(_UNSIGNED)).one_or_none()
        return Frontier(row.size, [bytes(hash_) for hash_ in row.hashes]) if row else None

    async def add_checkpoint(self, checkpoint: Checkpoint, note: str) -> bool:
        facts = {"size": checkpoint.size, "root_hash": checkpoint.root_hash, "note": note}
        return (await self._session.execute(_ADD_CHECKPOINT, facts)).scalar() is not None

    async def _copy(self, statement: str, types: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        # SQLAlchemy has no COPY, so use the driver directly, in the session's transaction.
        connection = await (await self._session.connection()).get_raw_connection()
        driver = connection.driver_connection
        if not isinstance(driver, AsyncConnection):
            raise TypeError(f"writing the log requires psycopg, not {type(driver)}")
        async with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(types)
            for row in rows:
                await copy.write_row(row)


class SqlAuditViews(SqlReads):
    async def entries(self, wanted: EntryFilter, cursor: CursorRequest) -> CursorPage[LoggedEntry]:
        query, given = _matching(_LOGGED, wanted, after=None if cursor.after is None else cursor.number())
        return (await self._cursor_page(text(query), cursor, attrgetter("sequence"), **given)).map(_logged)

    async def has_more_than(self, entries_max: int, wanted: EntryFilter) -> bool:
        query, given = _matching("sequence", wanted, after=None)
        [row] = await self._rows(text(f"SELECT count(*) AS entries FROM ({query}) AS matching"), **given, limit=entries_max + 1)  # noqa: S608  # of constants
        return bool(row.entries > entries_max)

    async def entry(self, place: int | UUID) -> LoggedEntry | None:
        if isinstance(place, UUID):
            rows = await self._rows(_ENTRY_OF_FACT, fact_id=place)
        else:
            rows = await self._rows(_ENTRY, sequence=min(place, _SEQUENCE_MAX))
        return _logged(rows[0]) if rows else None

    async def of_resource(self, resource_id: str, *, limit: int) -> list[LoggedEntry]:
        rows = await self._rows(_OF_RESOURCE, resource_id=resource_id, limit=limit)
        return [_logged(row) for row in reversed(rows)]

    async def about(self, subject_ids: Collection[str], *, but_not_of: Collection[str], limit: int) -> RelatedEntries:
        subjects = sorted(subject_ids)
        keys = [subject_key(subject) for subject in subjects]
        rows = await self._rows(_ABOUT, subjects=subjects, keys=keys, but_not_of=sorted(but_not_of), limit=limit)
        entries = [_logged(row) for row in rows if row.sequence is not None]
        return RelatedEntries(entries, is_complete=max(rows[0].busiest, len(entries)) < limit)

    async def people(self, ids: Collection[str]) -> frozenset[str]:
        return frozenset(row.id for row in await self._rows(_PEOPLE, ids=sorted(ids))) if ids else frozenset()

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
            # Fold a node between two stored levels from the 2 to 128 stored nodes below it.
            spans = {node: range(node.position << node.level - level, node.position + 1 << node.level - level) for node in nodes}
            stored = await self._stored(level, [index for span in spans.values() for index in span])
            hashes.update({node: fold_complete([stored[index] for index in span]) for node, span in spans.items()})
        return hashes

    async def _stored(self, level: int, indexes: list[int]) -> dict[int, bytes]:
        query = _NODES_OF_LEVEL.bindparams(level=level) if level else _LEAVES
        return {row.index: bytes(row.hash) for row in await self._rows(query, indexes=indexes)}

    async def _rows(self, query: Executable, /, **parameters: object) -> Sequence[Any]:
        return await super()._rows(query, **{name: _sent(value) for name, value in parameters.items()})


def _sent(value: object) -> object:
    """Convert names to their stored form: a leaf may contain characters that PostgreSQL's text cannot."""
    if isinstance(value, list):
        return [_sent(each) for each in value]
    return storable(value) if isinstance(value, str) else value


def fold_complete(hashes: list[bytes]) -> bytes:
    """Combine adjacent hashes, a power of two of them, into the root of their subtree."""
    while len(hashes) > 1:
        hashes = [fold(hashes[at : at + 2]) for at in range(0, len(hashes), 2)]
    return hashes[0]


def _matching(columns: str, wanted: EntryFilter, *, after: int | None) -> tuple[str, dict[str, Any]]:
    """Return the query for `:limit` entries that match, in the order that is wanted, and its parameters."""
    given: dict[str, Any] = {name: value for name in _CONDITIONS if (value := getattr(wanted, name)) is not None}
    conditions = [_CONDITIONS[name] for name in given]
    if after is not None:
        given["after"] = after
        conditions.append("sequence > :after" if wanted.oldest_first else "sequence < :after")
    order = "ASC" if wanted.oldest_first else "DESC"
    if wanted.related_to is None:
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        source = f"audit_entries e {where}"
    else:
        where = "".join(f" AND {condition}" for condition in conditions)
        parts = {"columns": columns, "id": ":related_to", "key": ":related_key", "where": where, "order": order}
        source = f"({_CONCERNING.format(**parts)}) AS found"
        given |= {"related_to": wanted.related_to, "related_key": subject_key(wanted.related_to)}
    return f"SELECT {columns} FROM {source} ORDER BY sequence {order} LIMIT :limit", given  # noqa: S608  # of constants


def _logged(row: Any) -> LoggedEntry:
    return LoggedEntry.read(row.sequence, bytes(row.leaf), organization_id=row.organization_id)


def _checkpoint(rows: Sequence[Any]) -> CheckpointView | None:
    return CheckpointView(rows[0].size, bytes(rows[0].root_hash), rows[0].note, rows[0].signed_at) if rows else None


def _related(entry: AuditEntry) -> frozenset[str]:
    """Return the subjects without resource and actor, which have indexes of their own."""
    return entry.subject_ids - {entry.resource_id, entry.actor.subject_id}


def _row(logged: LoggedEntry) -> tuple[Any, ...]:
    entry = logged.entry
    names = (entry.producer, entry.action, entry.actor.subject_id, entry.resource_type, entry.resource_id)
    of_fact = (entry.occurred_at, entry.digest, entry.organization_id)
    return (logged.sequence, entry.fact_id, logged.leaf, logged.hash, *map(storable, names), *of_fact)
