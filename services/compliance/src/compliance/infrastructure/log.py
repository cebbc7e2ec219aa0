"""The log's tables, written by COPY under one lock: a batch costs a handful of statements whatever its size."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from compliance.domain.checkpoint import Checkpoint
from compliance.domain.entry import LoggedEntry
from compliance.domain.merkle import Frontier, Node

_HEAD = text("SELECT size, hashes FROM audit_head FOR UPDATE")
_SAVE_HEAD = text("UPDATE audit_head SET size = :size, hashes = cast(:hashes AS bytea[])")
_KNOWN = text("SELECT fact_id FROM audit_entries WHERE fact_id = ANY(:ids)")
_LAST_CHECKPOINT = text("SELECT coalesce(max(size), 0) FROM checkpoints")
_ADD_CHECKPOINT = text("INSERT INTO checkpoints (size, root_hash, note) VALUES (:size, :root_hash, :note)")

_ENTRIES = (
    "COPY audit_entries (sequence, fact_id, leaf, leaf_hash, producer, action, actor_id, resource_type, resource_id, occurred_at)"
    " FROM STDIN (FORMAT BINARY)"
)
_ENTRY_TYPES = ("int8", "uuid", "bytea", "bytea", "text", "text", "text", "text", "text", "timestamptz")
_SUBJECTS = "COPY audit_subjects (subject_id, sequence) FROM STDIN (FORMAT BINARY)"
_NODES = "COPY audit_nodes (level, index, hash) FROM STDIN (FORMAT BINARY)"


class SqlLog:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock_frontier(self) -> Frontier:
        row = (await self._session.execute(_HEAD)).one()
        return Frontier(row.size, [bytes(hash_) for hash_ in row.hashes])

    async def known(self, fact_ids: Collection[UUID]) -> set[UUID]:
        return set((await self._session.execute(_KNOWN, {"ids": list(fact_ids)})).scalars())

    async def append(self, entries: Sequence[LoggedEntry], nodes: Mapping[Node, bytes], frontier: Frontier) -> None:
        await self._copy(_ENTRIES, _ENTRY_TYPES, (_row(entry) for entry in entries))
        subjects = ((subject, logged.sequence) for logged in entries for subject in sorted(logged.entry.subject_ids))
        await self._copy(_SUBJECTS, ("text", "int8"), subjects)
        if nodes:
            await self._copy(_NODES, ("int2", "int8", "bytea"), ((*node, hash_) for node, hash_ in nodes.items()))
        await self._session.execute(_SAVE_HEAD, {"size": frontier.size, "hashes": frontier.hashes})

    async def last_checkpoint_size(self) -> int:
        return int((await self._session.execute(_LAST_CHECKPOINT)).scalar_one())

    async def add_checkpoint(self, checkpoint: Checkpoint, note: str) -> None:
        await self._session.execute(_ADD_CHECKPOINT, {"size": checkpoint.size, "root_hash": checkpoint.root_hash, "note": note})

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


def _row(logged: LoggedEntry) -> tuple[Any, ...]:
    entry = logged.entry
    return (
        logged.sequence,
        entry.fact_id,
        logged.leaf,
        logged.hash,
        entry.producer,
        entry.action,
        entry.actor.subject_id,
        entry.resource_type,
        entry.resource_id,
        entry.occurred_at,
    )
