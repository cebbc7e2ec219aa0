"""Databases are reused between tests: the next test finds the content of a new database, whatever the last one did."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from chassis.persistence.database import Database
from chassis.testing import emptying
from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.servers import Servers

VERSIONS = Path(__file__).parents[1] / "persistence" / "versions"
Lend = Callable[[], AbstractAsyncContextManager[DatabaseUrls]]
LendEngine = Callable[[], AbstractAsyncContextManager[Database]]


async def plant(urls: DatabaseUrls) -> None:
    with psycopg.connect(urls.app) as connection:
        connection.execute("INSERT INTO stones VALUES (1)")
        put_message(connection)


def put_message(connection: psycopg.Connection) -> int:
    """Write a row to the outbox; return its position, which comes from a sequence."""
    row = connection.execute(
        "INSERT INTO outbox (message_id, type, payload, headers) VALUES (%s, 'seed', '', '{}') RETURNING position", (uuid4(),)
    ).fetchone()
    assert row
    return int(row[0])


@pytest.fixture
async def lend(servers: Servers) -> AsyncIterator[Lend]:
    """These tests use their own databases, because one returned by another test could be lent to them."""
    databases = Databases(servers.postgres_url)
    yield lambda: databases.create("doors", VERSIONS, seed=plant)
    await databases.close()


@pytest.fixture
async def lend_engine(servers: Servers) -> AsyncIterator[LendEngine]:
    databases = Databases(servers.postgres_url)

    @asynccontextmanager
    async def lend() -> AsyncIterator[Database]:
        async with databases.create("doors", VERSIONS, seed=plant) as urls, databases.connect(urls.app, pool_size=2) as database:
            yield database

    yield lend
    await databases.close()


def content(urls: DatabaseUrls) -> tuple[list[tuple[int]], list[tuple[int, str]], list[tuple[bool]]]:
    with psycopg.connect(urls.app) as connection:
        return (
            connection.execute("SELECT id FROM stones").fetchall(),
            connection.execute("SELECT position, type FROM outbox").fetchall(),
            connection.execute("SELECT is_open FROM doors").fetchall(),
        )


async def test_a_database_is_lent_again_as_it_was_when_new(lend: Lend) -> None:
    async with lend() as first:
        new = content(first)
        with psycopg.connect(first.app) as connection:
            connection.execute("INSERT INTO doors VALUES (%s, true)", (uuid4(),))
            connection.execute("INSERT INTO stones VALUES (2)")  # append-only: nobody may delete it again
            assert put_message(connection) == 2
        with psycopg.connect(first.relay) as connection:
            connection.execute("DELETE FROM outbox")

    async with lend() as second:
        assert second.name == first.name
        assert content(second) == new == ([(1,)], [(1, "seed")], [])
        with psycopg.connect(second.app) as connection:
            assert put_message(connection) == 2
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("DELETE FROM stones")


@pytest.mark.parametrize("ddl", ["CREATE TABLE more ()", "ALTER TABLE doors ADD x integer", "GRANT DELETE ON stones TO PUBLIC"])
async def test_a_database_whose_schema_a_test_changed_is_not_lent_again(lend: Lend, ddl: str) -> None:
    async with lend() as first:
        with psycopg.connect(first.owner) as connection:
            connection.execute(ddl)
    async with lend() as second:
        assert second.name != first.name


async def test_ddl_is_noticed_even_if_triggers_are_disabled(lend: Lend, servers: Servers) -> None:
    async with lend() as first:
        with psycopg.connect(servers.postgres_url.rpartition("/")[0] + f"/{first.name}") as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("ALTER TABLE stones ADD x integer")
    async with lend() as second:
        assert second.name != first.name


async def test_ddl_that_was_rolled_back_does_not_count(lend: Lend) -> None:
    async with lend() as first:
        with psycopg.connect(first.owner) as connection:
            connection.execute("CREATE TABLE more ()")
            connection.rollback()
    async with lend() as second:
        assert second.name == first.name


async def test_a_database_with_much_data_is_not_lent_again(lend: Lend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emptying, "BYTES_MAX", 100_000)
    async with lend() as first:
        with psycopg.connect(first.app) as connection:
            connection.execute("INSERT INTO doors SELECT gen_random_uuid(), true FROM generate_series(1, 5000)")
    async with lend() as second:
        assert second.name != first.name


async def test_an_open_connection_is_ended_with_its_transaction(lend: Lend) -> None:
    async with lend() as first:
        left = psycopg.connect(first.app)
        left.execute("INSERT INTO stones VALUES (2)")
    async with lend() as second:
        assert (second.name, content(second)[0]) == (first.name, [(1,)])
    with pytest.raises(psycopg.OperationalError):
        left.execute("SELECT 1")
    left.close()


async def test_a_test_may_end_every_connection_to_its_database(lend: Lend, servers: Servers) -> None:
    async with lend() as first:
        pass
    async with lend() as second:
        assert second.name == first.name
        with psycopg.connect(servers.postgres_url, autocommit=True) as superuser:
            superuser.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", (second.name,))
        with psycopg.connect(second.app) as connection:
            connection.execute("INSERT INTO stones VALUES (2)")
    async with lend() as third:
        assert (third.name, content(third)[0]) == (first.name, [(1,)])


async def test_two_databases_lent_at_once_are_different(lend: Lend) -> None:
    async with lend() as first, lend() as second:
        assert first.name != second.name


async def pid_of(database: Database) -> int:
    async with database.read() as connection:
        return int(await connection.scalar(text("SELECT pg_backend_pid()")) or 0)


async def test_connections_are_reused_by_the_next_test(lend_engine: LendEngine) -> None:
    async with lend_engine() as database:
        first = await pid_of(database)
    async with lend_engine() as database:
        assert await pid_of(database) == first


@pytest.mark.parametrize("how", ["by itself", "by another", "in use"])
async def test_an_ended_or_busy_connection_is_not_reused(lend_engine: LendEngine, servers: Servers, how: str) -> None:
    async with lend_engine() as database:
        first = await pid_of(database)
        if how == "by itself":
            async with database.read() as connection:
                with pytest.raises(OperationalError):
                    await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        elif how == "by another":
            with psycopg.connect(servers.postgres_url, autocommit=True) as superuser:
                superuser.execute("SELECT pg_terminate_backend(%s, 10000)", (first,))
        else:
            used = await database.engine.connect()
            await used.execute(text("SELECT 1"))
    async with lend_engine() as database:
        assert await pid_of(database) != first
    if how == "in use":
        await used.invalidate()
        await used.close()


async def test_settings_and_locks_of_a_session_are_reset(lend_engine: LendEngine) -> None:
    held = """
        SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
    async with lend_engine() as database:
        first = await pid_of(database)
        async with database.read() as connection:
            for setting in ("SET search_path = nowhere", "SELECT pg_advisory_lock(77)", "LISTEN outbox", "SET work_mem = '77MB'"):
                await connection.execute(text(setting))
    async with lend_engine() as database, database.read() as connection:
        assert await connection.scalar(text("SELECT pg_backend_pid()")) == first
        assert await connection.scalar(text("SELECT count(*) FROM doors")) == 0
        assert await connection.scalar(text(held)) == 0
        assert await connection.scalar(text("SELECT count(*) FROM pg_listening_channels()")) == 0
        assert await connection.scalar(text("SHOW work_mem")) != "77MB"


async def test_late_writes_of_a_task_are_removed_before_the_next_test(lend_engine: LendEngine) -> None:
    began, continued = asyncio.Event(), asyncio.Event()

    async def write_repeatedly(database: Database) -> None:
        began.set()
        await continued.wait()
        async with database.engine.begin() as connection:
            await connection.execute(text("INSERT INTO stones VALUES (2)"))

    async with lend_engine() as database:
        task = asyncio.create_task(write_repeatedly(database))
        await began.wait()
    continued.set()
    await task
    async with lend_engine() as database, database.read() as connection:
        assert (await connection.scalars(text("SELECT id FROM stones"))).all() == [1]
