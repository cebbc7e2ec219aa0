"""What is stored, as tests ask for it."""

from typing import Any

from sqlalchemy import text

from chassis.persistence.database import Database


async def rows(database: Database, query: str) -> list[Any]:
    async with database.read() as connection:
        return list((await connection.execute(text(query))).all())
