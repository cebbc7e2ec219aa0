"""Read governance's database and outbox, and block its publishers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from google.protobuf.message import Message
from sqlalchemy import text

from chassis.messaging.contracts import spec_of
from chassis.persistence.database import Database
from chassis.persistence.delivery import MessageT
from chassis.persistence.scope import PLATFORM
from chassis.testing import stored
from chassis.testing.databases import DatabaseUrls
from chassis.testing.running import eventually
from governance.interfaces.publications import PUBLICATIONS
from kernel.ids import new_id

# The advisory locks of publishing and of standings.
PUBLISHING: Final = 1
GUARD: Final = 3

_WAITING = """
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_ORGANIZE = text(
    """
    INSERT INTO organizations (id, kind, name, created_by, created_at, version)
    VALUES (:organization, 'merchant', cast(:organization AS text), 'test', :at, 1) ON CONFLICT DO NOTHING
    """
)
_JOIN = text("INSERT INTO memberships (organization_id, subject_id, joined_at) VALUES (:organization, :subject, :at)")
_ASSIGN = text(
    "INSERT INTO role_assignments (subject_id, role, granted_by, granted_at) VALUES (:id, :role, 'test', '2026-01-01T00:00Z')"
)


async def rows(database: Database, query: str, **parameters: object) -> list[tuple[Any, ...]]:
    async with database.read() as connection:
        return [tuple(row) for row in (await connection.execute(text(query), parameters)).all()]


async def sent(database: Database, message_class: type[MessageT]) -> list[MessageT]:
    """Return the outbox's messages of one class, in order."""
    query = "SELECT payload FROM outbox WHERE type = :type ORDER BY position"
    found = await rows(database, query, type=spec_of(message_class).type)
    return [message_class.FromString(bytes(payload)) for (payload,) in found]


async def published(database: Database, *, but_first: int = 0) -> list[tuple[str | None, Message]]:
    """Return the outbox's messages with their aggregates, in order; audit facts without their ids, which are random."""
    return (await stored.published(database, PUBLICATIONS))[but_first:]


async def assigned(database: Database, subject_id: UUID, role: str = "admin") -> None:
    """Assign a role before the test begins, without an event or an audit fact."""
    async with database.session() as session:
        await session.execute(text("INSERT INTO role_holders (subject_id) VALUES (:id)"), {"id": subject_id})
        await session.execute(_ASSIGN, {"id": subject_id, "role": role})
        await session.commit()


async def join(database: Database, organization_id: UUID, subject_id: UUID, *, at: datetime) -> None:
    """Make a person a member of an organization before the test begins, without an event or an audit fact."""
    row = {"organization": organization_id, "subject": subject_id, "at": at}
    async with database.under(PLATFORM).session() as session, session.begin():
        await session.execute(_ORGANIZE, {"organization": organization_id, "at": at})
        await session.execute(_JOIN, row)


async def organized(database: Database, organization_id: UUID | None = None) -> UUID:
    """Register an organization before the test begins, without an event or an audit fact. Return its id."""
    organization_id = organization_id or new_id()
    async with database.session() as session, session.begin():
        await session.execute(_ORGANIZE, {"organization": organization_id, "at": datetime(2026, 1, 1, tzinfo=UTC)})
    return organization_id


@asynccontextmanager
async def lock_held(urls: DatabaseUrls, lock: int = PUBLISHING) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Hold the publishing lock, or another one, during the block. Yield a function that waits for a number of waiters."""
    async with await psycopg.AsyncConnection.connect(urls.app, autocommit=True) as connection:
        await connection.execute("SELECT pg_advisory_lock(%s, 0)", (lock,))

        async def waiting() -> object:
            row = await (await connection.execute(_WAITING)).fetchone()
            return row and row[0]

        yield lambda number: eventually(waiting, number)
