"""Who is able to act, in PostgreSQL."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from governance.domain.standing import Standing

# The first part says what for, as in repositories.py. One lock for all: whether the last one goes is a question about everybody.
_GUARD = text("SELECT pg_advisory_xact_lock(3, 0)")
_SOMEBODY_ABLE_HAS = text(
    """
    SELECT EXISTS (
        SELECT FROM role_permissions p JOIN role_assignments a ON a.role = p.role
        LEFT JOIN subject_standings s ON s.subject_id = a.subject_id
        WHERE p.permission = :permission AND s.is_able IS NOT FALSE
    )
    """
)


class SqlStandings:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def guard(self) -> None:
        await self._session.execute(_GUARD)

    async def somebody_able_has(self, permission: str) -> bool:
        # Without autoflush, what this transaction changed would be missing.
        await self._session.flush()
        return bool((await self._session.execute(_SOMEBODY_ABLE_HAS, {"permission": permission})).scalar_one())

    async def find(self, subject_id: UUID) -> Standing | None:
        return await self._session.get(Standing, subject_id)

    def add(self, standing: Standing) -> None:
        self._session.add(standing)
