"""Read all the log's tables in one snapshot, thousands of rows at a time, as binary arrays."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from psycopg import AsyncConnection

from chassis.persistence.database import Database
from compliance.application.ports.audit import Chunk, StoredCheckpoint, StoredHead, StoredKey
from compliance.domain.entry import LEAF_HEADER
from compliance.domain.merkle import Node
from compliance.infrastructure.sql.subject_keys import storable, subject_key_text

CHUNK_ENTRIES = 4096
# Sequences below zero too: nothing in the table is passed over.
_SEQUENCE_MIN, _SEQUENCE_MAX = -(2**63), 2**63 - 1

# A superuser may have removed constraints: no NULL is taken for a value.
_HEAD = "SELECT coalesce(size, -1), coalesce(hashes, '{}') FROM audit_head"
_NODES = "SELECT level, index, coalesce(hash, '') FROM audit_nodes"
_CHECKPOINTS = "SELECT size, coalesce(root_hash, ''), coalesce(note, '') FROM checkpoints ORDER BY size"
_KEYS = "SELECT name, coalesce(public_key, ''), coalesce(sealed_seed, '') FROM log_keys ORDER BY created_at"
# Python has no infinite times, nor years after 9999.
_COLUMNS = """
    array_agg(uuid_send(fact_id)), array_agg(CASE WHEN occurred_at BETWEEN '0001-01-02' AND '9999-12-30' THEN occurred_at END),
    array_agg(producer), array_agg(action), array_agg(actor_id), array_agg(resource_type), array_agg(resource_id)
"""
_CHUNK = """
    SELECT array_agg(sequence), array_agg(coalesce(leaf, '')), array_agg(coalesce(leaf_hash, '')) {more}
    FROM (SELECT * FROM audit_entries WHERE sequence >= %s ORDER BY sequence LIMIT %s) AS chunk
"""
_RELATED = "SELECT count(*) FROM audit_related"
_NOT_RELATED = """
    SELECT sequence FROM unnest(%s::uuid[], %s::bigint[]) AS expected (subject, sequence)
    LEFT JOIN audit_related AS filed USING (subject, sequence) WHERE filed.subject IS NULL
"""


class _IndexedBy(NamedTuple):
    """The columns and related subject keys that an entry must have according to its leaf."""

    columns: list[object]
    related: list[str]


# Of a leaf that is not an entry of this log.
_UNREADABLE = _IndexedBy([], [])


class SqlStoredLog:
    def __init__(self, driver: AsyncConnection[Any]) -> None:
        self._driver = driver
        self.head: StoredHead | None = None
        self.nodes: dict[Node, bytes] = {}
        self.checkpoints: list[StoredCheckpoint] = []
        self.keys: list[StoredKey] = []
        self.related = 0

    async def load(self) -> None:
        self.head = next((StoredHead(*row) for row in await self._rows(_HEAD)), None)
        self.nodes = {Node(level, index): hash_ for level, index, hash_ in await self._rows(_NODES)}
        self.checkpoints = [StoredCheckpoint(*row) for row in await self._rows(_CHECKPOINTS)]
        ((self.related,),) = await self._rows(_RELATED)
        self.keys = [StoredKey(*row) for row in await self._rows(_KEYS)]

    async def chunks(self, *, with_columns: bool) -> AsyncIterator[Chunk]:
        query = _CHUNK.format(more=f", {_COLUMNS}" if with_columns else "")
        row = await self._chunk(query, start=_SEQUENCE_MIN)
        while row[0]:
            sequences, leaves, hashes, *filed = row
            # PostgreSQL reads the next chunk while this one is checked.
            following = asyncio.create_task(self._chunk(query, start=sequences[-1] + 1))
            await asyncio.sleep(0)
            try:
                expected = [_indexed_by(leaf) for leaf in leaves] if with_columns else []
                unreadable = [sequence for sequence, each in zip(sequences, expected, strict=False) if each is _UNREADABLE]
                misfiled = _misfiled(sequences, expected, filed) if with_columns else []
                misfiled += await self._not_related(sequences, expected) if with_columns else []
                related = sum(len(each.related) for each in expected)
                yield Chunk(sequences, leaves, hashes, unreadable=unreadable, misfiled=misfiled, related=related)
                row = await following
            finally:
                following.cancel()

    async def _not_related(self, sequences: Sequence[int], expected: Sequence[_IndexedBy]) -> list[int]:
        related = [(key, sequence) for sequence, each in zip(sequences, expected, strict=True) for key in each.related]
        # Pass array literals: an object for each key would cost more than everything else.
        arrays = [f"{{{','.join(map(str, array))}}}" for array in zip(*related, strict=True)]
        return [sequence for (sequence,) in await self._rows(_NOT_RELATED, arrays)] if related else []

    async def _chunk(self, query: str, *, start: int) -> Any:
        if start > _SEQUENCE_MAX:
            return [None]
        (row,) = await self._rows(query, (start, CHUNK_ENTRIES))
        return row

    async def _rows(self, query: str, parameters: Sequence[object] = ()) -> list[Any]:
        async with self._driver.cursor(binary=True) as cursor:
            await cursor.execute(query, parameters)
            return await cursor.fetchall()


def _misfiled(sequences: Sequence[int], expected: Sequence[_IndexedBy], filed: Sequence[Sequence[object]]) -> list[int]:
    entries = zip(sequences, expected, *filed, strict=True)
    return [sequence for sequence, should, *columns in entries if should.columns != columns and should is not _UNREADABLE]


def _indexed_by(leaf: bytes) -> _IndexedBy:
    if not leaf.startswith(LEAF_HEADER):
        return _UNREADABLE
    try:
        content = orjson.loads(leaf[len(LEAF_HEADER) :])
        actor, resource_id = content["actor"], content["resource_id"]
        names = (content["producer"], content["action"], actor["subject_id"], content["resource_type"], resource_id)
        fact_id = bytes.fromhex(content["fact_id"].replace("-", ""))
        columns = [fact_id, datetime.fromisoformat(content["occurred_at"]), *map(storable, names)]
        related = {actor["session_id"], *content["related_ids"]} - {"", resource_id, actor["subject_id"]}
        return _IndexedBy(columns, [subject_key_text(each) for each in related])
    except (KeyError, TypeError, AttributeError, ValueError):
        return _UNREADABLE


def stored_log(database: Database) -> Callable[[], AbstractAsyncContextManager[SqlStoredLog]]:
    """Return a function that opens the log as of one moment."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[SqlStoredLog]:
        async with database.engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            # Use the driver: SQLAlchemy would request text format and return rows.
            driver = (await connection.get_raw_connection()).driver_connection
            if not isinstance(driver, AsyncConnection):
                raise TypeError(f"reading the log requires psycopg, not {type(driver)}")
            log = SqlStoredLog(driver)
            await log.load()
            yield log

    return opened
