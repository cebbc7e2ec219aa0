"""Databases kept between tests: the next test finds what a new database holds, whatever the last one did."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from chassis.testing import emptying
from chassis.testing.databases import Databases, DatabaseUrls
from chassis.testing.servers import Servers

VERSIONS = Path(__file__).parents[1] / "persistence" / "versions"
Lend = Callable[[], AbstractAsyncContextManager[DatabaseUrls]]


async def plant(urls: DatabaseUrls) -> None:
    with psycopg.connect(urls.app) as connection:
        connection.execute("INSERT INTO stones VALUES (1)")
        put_message(connection)


def put_message(connection: psycopg.Connection) -> int:
    """Write a row to the outbox; return its position, which a sequence gives."""
    row = connection.execute(
        "INSERT INTO outbox (message_id, type, payload, headers) VALUES (%s, 'seed', '', '{}') RETURNING position", (uuid4(),)
    ).fetchone()
    assert row
    return int(row[0])


@pytest.fixture
async def lend(servers: Servers) -> AsyncIterator[Lend]:
    """Databases of their own, or one that another test gave back could be lent."""
    databases = Databases(servers.postgres_url)
    yield lambda: databases.create("doors", VERSIONS, seed=plant)
    await databases.close()


def content(urls: DatabaseUrls) -> tuple[list[tuple[int]], list[tuple[int, str]], list[tuple[bool]]]:
    with psycopg.connect(urls.app) as connection:
        return (
            connection.execute("SELECT id FROM stones").fetchall(),
            connection.execute("SELECT position, type FROM outbox").fetchall(),
            connection.execute("SELECT is_open FROM doors").fetchall(),
        )


async def test_the_same_database_is_lent_again_as_it_was_when_new(lend: Lend) -> None:
    async with lend() as first:
        new = content(first)
        with psycopg.connect(first.app) as connection:
            connection.execute("INSERT INTO doors VALUES (%s, true)", (uuid4(),))
            connection.execute("INSERT INTO stones VALUES (2)")  # append-only: nobody may delete it again
            assert put_message(connection) == 2
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


async def test_ddl_is_noted_also_where_triggers_are_switched_off(lend: Lend, servers: Servers) -> None:
    async with lend() as first:
        with psycopg.connect(servers.postgres_url.rpartition("/")[0] + f"/{first.name}") as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("ALTER TABLE stones ADD x integer")
    async with lend() as second:
        assert second.name != first.name


async def test_ddl_that_was_rolled_back_changed_nothing(lend: Lend) -> None:
    async with lend() as first:
        with psycopg.connect(first.owner) as connection:
            connection.execute("CREATE TABLE more ()")
            connection.rollback()
    async with lend() as second:
        assert second.name == first.name


async def test_a_database_that_holds_much_is_not_lent_again(lend: Lend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emptying, "BYTES_MAX", 100_000)
    async with lend() as first:
        with psycopg.connect(first.app) as connection:
            connection.execute("INSERT INTO doors SELECT gen_random_uuid(), true FROM generate_series(1, 5000)")
    async with lend() as second:
        assert second.name != first.name


async def test_a_connection_left_open_is_ended_with_its_transaction(lend: Lend) -> None:
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


async def test_two_that_are_lent_at_once_are_two(lend: Lend) -> None:
    async with lend() as first, lend() as second:
        assert first.name != second.name
