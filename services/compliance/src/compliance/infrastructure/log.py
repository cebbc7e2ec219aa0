"""The log's tables, written by COPY under one lock: a batch costs a handful of statements whatever its size."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.database import BY_INDEX
from compliance.domain.checkpoint import Checkpoint
from compliance.domain.entry import AuditEntry, LoggedEntry
from compliance.domain.merkle import Frontier, Node

_HEAD = text(f"SELECT size, hashes, {BY_INDEX} FROM audit_head FOR UPDATE")  # noqa: S608  # of constants
_SAVE_HEAD = text("UPDATE audit_head SET size = :size, hashes = cast(:hashes AS bytea[])")
_KNOWN = text("SELECT fact_id, leaf_hash FROM audit_entries WHERE fact_id = ANY(:ids)")
_UNSIGNED = text("SELECT size, hashes FROM audit_head WHERE size > (SELECT coalesce(max(size), 0) FROM checkpoints)")
_ADD_CHECKPOINT = text(
    "INSERT INTO checkpoints (size, root_hash, note) VALUES (:size, :root_hash, :note) ON CONFLICT DO NOTHING RETURNING size"
)

_ENTRIES = (
    "COPY audit_entries (sequence, fact_id, leaf, leaf_hash, producer, action, actor_id, resource_type, resource_id, occurred_at)"
    " FROM STDIN (FORMAT BINARY)"
)
_ENTRY_TYPES = ("int8", "uuid", "bytea", "bytea", "text", "text", "text", "text", "text", "timestamptz")
_RELATED = "COPY audit_related (subject, sequence) FROM STDIN (FORMAT BINARY)"
_NODES = "COPY audit_nodes (level, index, hash) FROM STDIN (FORMAT BINARY)"


# As str(UUID) writes it; any other spelling is just a text.
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class SqlLog:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock_frontier(self) -> Frontier:
        row = (await self._session.execute(_HEAD)).one()
        return Frontier(row.size, [bytes(hash_) for hash_ in row.hashes])

    async def known(self, fact_ids: Collection[UUID]) -> Mapping[UUID, bytes]:
        rows = await self._session.execute(_KNOWN, {"ids": list(fact_ids)})
        return {row.fact_id: bytes(row.leaf_hash) for row in rows}

    async def append(self, entries: Sequence[LoggedEntry], nodes: Mapping[Node, bytes], frontier: Frontier) -> None:
        await self._copy(_ENTRIES, _ENTRY_TYPES, (_row(entry) for entry in entries))
        related = ((subject_key(each), logged.sequence) for logged in entries for each in _related(logged.entry))
        await self._copy(_RELATED, ("uuid", "int8"), related)
        if nodes:
            await self._copy(_NODES, ("int2", "int8", "bytea"), ((*node, hash_) for node, hash_ in nodes.items()))
        await self._session.execute(_SAVE_HEAD, {"size": frontier.size, "hashes": frontier.hashes})

    async def unsigned_frontier(self) -> Frontier | None:
        row = (await self._session.execute(_UNSIGNED)).one_or_none()
        return Frontier(row.size, [bytes(hash_) for hash_ in row.hashes]) if row else None

    async def add_checkpoint(self, checkpoint: Checkpoint, note: str) -> bool:
        facts = {"size": checkpoint.size, "root_hash": checkpoint.root_hash, "note": note}
        return (await self._session.execute(_ADD_CHECKPOINT, facts)).scalar() is not None

    async def _copy(self, statement: str, types: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        # COPY has no place in SQLAlchemy: it goes straight to the driver, in the session's own transaction.
        connection = await (await self._session.connection()).get_raw_connection()
        driver = connection.driver_connection
        if not isinstance(driver, AsyncConnection):
            raise TypeError(f"the log is written by psycopg, not by {type(driver)}")
        async with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(types)
            for row in rows:
                await copy.write_row(row)


def subject_key(subject_id: str) -> UUID:
    """Shorten what an entry is found by to 16 bytes: a UUID is itself, another text the beginning of its SHA-256."""
    return UUID(subject_key_text(subject_id))


def subject_key_text(subject_id: str) -> str:
    """Write a subject's key as PostgreSQL reads it."""
    return subject_id if _UUID.fullmatch(subject_id) else sha256(subject_id.encode()).hexdigest()[:32]


def _related(entry: AuditEntry) -> frozenset[str]:
    """Resource and actor have indexes of their own, on the entries."""
    return entry.subject_ids - {entry.resource_id, entry.actor.subject_id}


def _row(logged: LoggedEntry) -> tuple[Any, ...]:
    entry = logged.entry
    names = (entry.producer, entry.action, entry.actor.subject_id, entry.resource_type, entry.resource_id)
    return (logged.sequence, entry.fact_id, logged.leaf, logged.hash, *map(storable, names), entry.occurred_at)


def storable(name: str) -> str:
    # A leaf can hold a NUL, PostgreSQL's text cannot; no fact stays out of the log for it.
    return name.replace("\0", "\ufffd") if "\0" in name else name
