"""The base of all reads."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import TextClause

from chassis.database import Database
from identity.infrastructure.vault import Vault
from kernel.clock import Clock


class SqlReads:
    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def _rows(self, query: TextClause, parameters: Mapping[str, object]) -> Sequence[Any]:
        async with self._database.read() as connection:
            return (await connection.execute(query, parameters)).all()
