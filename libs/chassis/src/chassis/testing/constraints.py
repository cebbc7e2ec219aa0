"""Databases that hold what their constraints forbid."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg import sql


@asynccontextmanager
async def lifted(owner_url: str, table: str, constraint: str) -> AsyncIterator[None]:
    """Do without a table's constraint for the length of the block.

    Afterwards it holds for what is written from then on; the rows that break it stay.
    """
    names = {"table": sql.Identifier(table), "constraint": sql.Identifier(constraint)}
    async with await psycopg.AsyncConnection.connect(owner_url, autocommit=True) as connection:
        found = await connection.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s AND conrelid = %s::regclass",
            (constraint, table),
        )
        [(definition,)] = await found.fetchall()
        await connection.execute(sql.SQL("ALTER TABLE {table} DROP CONSTRAINT {constraint}").format(**names))
        try:
            yield
        finally:
            again = sql.SQL("ALTER TABLE {table} ADD CONSTRAINT {constraint} {definition} NOT VALID")
            await connection.execute(again.format(definition=sql.SQL(definition.removesuffix(" NOT VALID")), **names))
