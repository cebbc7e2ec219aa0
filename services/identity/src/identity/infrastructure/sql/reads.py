"""The base of all reads."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import TextClause

from chassis.persistence.database import Database
from identity.infrastructure.vault import Vault
from kernel.pages import PageRequest


class SqlReads:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def _rows(self, query: TextClause, parameters: Mapping[str, object]) -> Sequence[Any]:
        async with self._database.read() as connection:
            return (await connection.execute(query, parameters)).all()

    async def _page(self, query: TextClause, page: PageRequest, parameters: Mapping[str, object]) -> tuple[Sequence[Any], int]:
        """Return a page's rows and the total, which each row has. Past the end there are no rows: query the total separately."""
        rows = await self._rows(query, {**parameters, "limit": page.per_page, "offset": page.offset})
        counted = rows or (await self._rows(query, {**parameters, "limit": 1, "offset": 0}) if page.offset else ())
        return rows, counted[0].total if counted else 0
