"""Statutory retention periods in PostgreSQL; migrations write them."""

from sqlalchemy import text

from chassis.persistence.database import Database
from compliance.domain.retention import RetentionRule

_RETENTION_RULES = text("SELECT category, years, basis FROM retention_rules ORDER BY category")


class SqlRetentionViews:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def retention_rules(self) -> tuple[RetentionRule, ...]:
        async with self._database.read() as connection:
            return tuple(RetentionRule(*row) for row in await connection.execute(_RETENTION_RULES))
