"""The schema of the doors' database, and reads of its tables."""

from pathlib import Path

from sqlalchemy import text

from chassis.persistence.database import Database

VERSIONS = Path(__file__).parent / "versions"


async def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    async with database.read() as connection:
        return [tuple(row) for row in (await connection.execute(text(query))).all()]
