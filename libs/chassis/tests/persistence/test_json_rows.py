"""Rows as one parameter: PostgreSQL reads exactly what was written."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis.persistence.database import Database
from chassis.persistence.json_rows import to_json_rows
from chassis.testing.databases import Databases

VERSIONS = Path(__file__).parent / "versions"
READ = """
    SELECT id, amount, at, day, name, number, flag
    FROM jsonb_to_recordset(cast(:rows AS jsonb))
        AS new (id uuid, amount numeric, at timestamptz, day date, name text, number bigint, flag boolean)
"""


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[Database]:
    async with databases.create("doors", VERSIONS) as urls:
        database = Database.connect(urls.app, pool_size=1)
        yield database
        await database.close()


async def test_every_value_arrives_exactly(database: Database) -> None:
    at = datetime(2026, 3, 21, 8, 0, 0, 123456, tzinfo=UTC)
    rows = [
        {
            "id": UUID(int=7),
            # More digits than a float can hold.
            "amount": Decimal("999999999999.99999999"),
            "at": at,
            "day": date(2026, 3, 21),
            "name": 'a "quoted" name: ü',
            "number": 2**53 - 1,
            "flag": True,
        },
        {"id": UUID(int=8), "amount": Decimal("-0.00000001"), "at": None, "day": None, "name": "", "number": 0, "flag": False},
    ]
    async with database.read() as connection:
        found = await connection.execute(text(READ), {"rows": to_json_rows(rows)})
        assert [dict(row) for row in found.mappings()] == rows
