"""The limits of every connection, and which statements count as changes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from chassis.persistence.connections import TRANSPORT_OF_SERVER
from chassis.persistence.database import SESSION, Database, writes
from chassis.persistence.pipeline import Pipeline, Statement
from chassis.testing.databases import Databases
from chassis.testing.running import eventually

VERSIONS = Path(__file__).parent / "versions"


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    async with databases.create("doors", VERSIONS) as urls:
        database = Database.connect(urls.app, pool_size=1)
        yield database
        await database.close()


async def test_statements_locks_and_idle_transactions_have_timeouts(database: Database) -> None:
    names = (*SESSION, *TRANSPORT_OF_SERVER)
    async with database.session() as session:
        limits = {name: await session.scalar(text(f"SHOW {name}")) for name in names}
    assert limits == {
        "statement_timeout": "10s",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "30s",
        "client_connection_check_interval": "1s",
        "timezone": "UTC",
        "jit": "off",
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "2",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": "11000",
    }


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO doors VALUES (1)",
        "update doors SET is_open = true",
        "\n  DELETE FROM doors",
        "MERGE INTO doors USING other ON true WHEN MATCHED THEN DELETE",
        "COPY doors FROM STDIN",
        "TRUNCATE doors",
        "WITH gone AS (DELETE FROM doors RETURNING id) SELECT count(*) FROM gone",
        "with made as (insert into doors values (1) returning id) select id from made",
    ],
)
def test_a_statement_that_changes_something_counts_as_a_change(statement: str) -> None:
    assert writes(statement)


@pytest.mark.parametrize(
    "statement",
    ["", "SELECT 1", "SELECT id FROM doors FOR UPDATE", "WITH seen AS (SELECT 1) SELECT * FROM seen", "SHOW timezone"],
)
def test_a_statement_that_only_reads_or_locks_does_not(statement: str) -> None:
    assert not writes(statement)


SESSIONS = 4


@pytest.fixture
async def pooled(databases: Databases) -> AsyncIterator[Database]:
    async with databases.create("doors", VERSIONS) as urls:
        database = Database.connect(urls.app, pool_size=SESSIONS)
        yield database
        await database.close()


async def pids(database: Database) -> list[int]:
    """Use every connection of the pool at once; return the pids of their server processes."""
    async with AsyncExitStack() as stack:
        lent = [await stack.enter_async_context(database.read()) for _ in range(SESSIONS)]
        return [await connection.scalar(text("SELECT pg_backend_pid()")) for connection in lent]


async def end_sessions(superuser_url: str, ended: list[int]) -> None:
    """End sessions as a stopping server does: it sends an error, then closes."""
    async with await psycopg.AsyncConnection.connect(superuser_url, autocommit=True) as connection:

        async def living() -> int:
            found = await connection.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)", (ended,))
            [(count,)] = await found.fetchall()
            return int(count)

        await connection.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid", (ended,))
        await eventually(living, 0)


async def write(database: Database) -> None:
    async with database.session() as session:
        await session.execute(text("CREATE TEMPORARY TABLE seen (id integer) ON COMMIT DROP"))
        await session.commit()


@pytest.mark.parametrize("use", [pids, write], ids=["reads", "a transaction"])
async def test_after_a_server_restart_no_pooled_connection_fails(
    pooled: Database, databases: Databases, use: Callable[[Database], Awaitable[object]]
) -> None:
    before = await pids(pooled)
    await end_sessions(databases.superuser_url, before)
    await use(pooled)
    after = await pids(pooled)
    assert len({*before, *after}) == 2 * SESSIONS


async def test_connections_to_a_running_server_are_kept_whatever_they_were_used_for(pooled: Database) -> None:
    before = sorted(await pids(pooled))
    async with pooled.session() as session:
        await session.execute(text("DO $$ BEGIN RAISE NOTICE 'said beside the answer'; END $$"))
        await session.commit()
    async with pooled.session() as session:
        with pytest.raises(ProgrammingError):
            await session.execute(text("SELECT nothing FROM nowhere"))
    async with pooled.session() as session:
        pipeline = Pipeline(session)
        await pipeline.fetch(Statement("SELECT 1", ()))
        pipeline.queue(Statement("SELECT 2", ()))
        await pipeline.commit()
        await session.commit()
    await write(pooled)
    assert sorted(await pids(pooled)) == before


async def test_a_running_statement_fails_when_its_session_ends_and_the_next_does_not(
    pooled: Database, databases: Databases
) -> None:
    async with pooled.session() as session:
        pid = await session.scalar(text("SELECT pg_backend_pid()"))
        await end_sessions(databases.superuser_url, [pid])
        with pytest.raises(DBAPIError):
            await session.execute(text("SELECT 1"))
    assert pid not in await pids(pooled)
