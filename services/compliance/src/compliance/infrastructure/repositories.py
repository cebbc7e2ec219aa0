"""What a transaction of compliance offers: the log and the screening blocks."""

from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.unit_of_work import SqlTransaction
from compliance.domain.screening import ScreeningBlock
from compliance.infrastructure.log import SqlLog
from compliance.infrastructure.tables import map_aggregates, screening_blocks
from kernel.actor import Actor

map_aggregates()

_ONE_PLACES = text("SELECT pg_advisory_xact_lock(hashtextextended('screening_blocks/' || :subject, 0))")


class SqlBlocks:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, block: ScreeningBlock) -> None:
        self._session.add(block)

    async def find_standing(self, subject_id: UUID) -> ScreeningBlock | None:
        # There may be no row to lock, and two who both find none would both add one.
        await self._session.execute(_ONE_PLACES, {"subject": str(subject_id)})
        query = select(ScreeningBlock).where(screening_blocks.c.subject_id == subject_id, screening_blocks.c.lifted_at.is_(None))
        return (await self._session.execute(query.with_for_update())).scalar_one_or_none()

    async def get(self, block_id: UUID) -> ScreeningBlock | None:
        query = select(ScreeningBlock).where(screening_blocks.c.id == block_id).with_for_update()
        return (await self._session.execute(query)).scalar_one_or_none()


class SqlComplianceTransaction(SqlTransaction):
    def __init__(self, session: AsyncSession, actor: Actor) -> None:
        super().__init__(session, actor)
        self.log = SqlLog(session)
        self.blocks = SqlBlocks(session)
