"""The table `objects` of a service: which files its store may hold."""

# ruff: noqa: S608  # put together of names that a service's wiring gives

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.persistence.migrations import Op
from kernel.objects import ObjectsUnavailable, StoredFile

OBJECTS: Final = """
-- The files that the object store may hold, by the SHA-256 of their bytes. A request claims its file, stores it, and then writes
-- the row that refers to it, so the store has no file without a row here.
CREATE TABLE objects (
    digest bytea PRIMARY KEY CONSTRAINT objects_digest CHECK (length(digest) = 32),
    size bigint NOT NULL CONSTRAINT objects_size CHECK (size >= 0),
    -- The last time that a request was about to refer to it.
    claimed_at timestamptz NOT NULL,
    -- It is being removed: no request may refer to it any more.
    is_going boolean NOT NULL DEFAULT false
);
CREATE INDEX objects_going ON objects (digest) WHERE is_going;
"""
_CLAIM: Final = text(
    """
    INSERT INTO objects (digest, size, claimed_at) VALUES (:digest, :size, :at)
    ON CONFLICT (digest) DO UPDATE SET claimed_at = greatest(objects.claimed_at, excluded.claimed_at) WHERE NOT objects.is_going
    RETURNING digest
    """
)
_FORGET: Final = text("DELETE FROM objects WHERE digest = :digest AND is_going")
_GOING: Final = text("SELECT digest FROM objects WHERE is_going LIMIT :limit")
# In the transaction that refers to a file. The lock lasts until its commit, and the collector passes over locked rows.
HOLD: Final = text("SELECT digest FROM objects WHERE digest = :digest AND NOT is_going FOR KEY SHARE")


def objects_table(op: Op) -> None:
    """Create the table, in a migration of a service."""
    op.execute(OBJECTS)


class SqlObjectClaims:
    """`references` are the service's columns with digests, by table."""

    def __init__(self, database: Database, references: Mapping[str, str]) -> None:
        self._database = database
        unused = " AND ".join(
            f"NOT EXISTS (SELECT FROM {table} WHERE {table}.{column} = objects.digest)" for table, column in references.items()
        )
        self._find = text(
            f"SELECT digest FROM objects WHERE claimed_at < :before AND NOT is_going AND {unused}"
            " ORDER BY claimed_at LIMIT :limit FOR UPDATE SKIP LOCKED"
        )
        # Asked again, with the rows locked: a row that refers to a file may have been committed while the first query ran.
        self._mark = text(f"UPDATE objects SET is_going = true WHERE digest = ANY(:digests) AND {unused}")

    async def claim(self, file: StoredFile, *, at: datetime) -> None:
        async with self._database.engine.begin() as connection:
            values = {"digest": bytes.fromhex(file.digest), "size": file.size, "at": at}
            if not (await connection.execute(_CLAIM, values)).one_or_none():
                raise ObjectsUnavailable(digest=file.digest)

    async def take_unused(self, *, claimed_before: datetime, limit: int) -> Sequence[str]:
        async with self._database.engine.begin() as connection:
            found = list((await connection.execute(self._find, {"before": claimed_before, "limit": limit})).scalars())
            if found:
                await connection.execute(self._mark, {"digests": found})
        async with self._database.read() as connection:
            going = (await connection.execute(_GOING, {"limit": limit})).scalars()
            return [bytes(digest).hex() for digest in going]

    async def forget(self, digest: str) -> None:
        async with self._database.engine.begin() as connection:
            await connection.execute(_FORGET, {"digest": bytes.fromhex(digest)})
