"""What every connection is limited to, and which statements count as changes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from chassis.database import Database, writes
from chassis.testing.databases import Databases

VERSIONS = Path(__file__).parent / "versions"


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    async with databases.create("doors", VERSIONS) as urls:
        database = Database.connect(urls.app, pool_size=1)
        yield database
        await database.close()


async def test_no_statement_lock_or_idle_transaction_lasts_for_ever(database: Database) -> None:
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "timezone", "jit")
    async with database.session() as session:
        limits = {name: await session.scalar(text(f"SHOW {name}")) for name in names}
    assert limits == {
        "statement_timeout": "15s",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "30s",
        "timezone": "UTC",
        "jit": "off",
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
