"""Standings in PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Table, Uuid, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.sql_reads import SqlReads
from governance.application.standings.views import StandingView
from governance.domain.standing import Standing
from governance.infrastructure.sql.advisory_lock import LOCK_STANDINGS
from governance.infrastructure.sql.mapping import mapper, metadata

subject_standings = Table(
    "subject_standings",
    metadata,
    Column("subject_id", Uuid, primary_key=True),
    Column("is_able", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)
mapper.map_imperatively(Standing, subject_standings)

# By role first: roles are few, and the roles that a user has are found at the first able holder of each.
_PERMISSIONS_OF_ABLE = text(
    """
    SELECT DISTINCT p.permission FROM roles r JOIN effective_role_permissions p ON p.role = r.name
    WHERE EXISTS (
        SELECT FROM role_assignments a LEFT JOIN subject_standings s ON s.subject_id = a.subject_id
        WHERE a.role = r.name AND s.is_able IS NOT FALSE
    )
    """
)
_STANDINGS_BEYOND_DEFAULT = text(
    """
    SELECT a.subject_id, coalesce(s.is_able, true), s.recorded_at
    FROM (
        SELECT DISTINCT subject_id FROM all_assignments
        WHERE role NOT IN (SELECT name FROM roles WHERE is_default) AND subject_id > :after
        ORDER BY subject_id LIMIT :limit
    ) a LEFT JOIN subject_standings s ON s.subject_id = a.subject_id ORDER BY a.subject_id
    """
)


class SqlStandingRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def guard(self) -> None:
        await self._session.execute(LOCK_STANDINGS)

    async def permissions_of_able(self) -> frozenset[str]:
        # Autoflush is off, so flush first: the query must see the changes of this transaction.
        await self._session.flush()
        return frozenset((await self._session.scalars(_PERMISSIONS_OF_ABLE)).all())

    async def find(self, subject_id: UUID) -> Standing | None:
        return await self._session.get(Standing, subject_id)

    def add(self, standing: Standing) -> None:
        self._session.add(standing)


class SqlStandingViews(SqlReads):
    async def standings_beyond_default(self, *, after: UUID, limit: int) -> Sequence[StandingView]:
        rows = await self._rows(_STANDINGS_BEYOND_DEFAULT, after=after, limit=limit)
        return [StandingView(*row) for row in rows]
