"""Screening blocks in PostgreSQL."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import Column, DateTime, MetaData, Table, Text, Uuid, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import registry

from chassis.persistence.database import Database
from chassis.persistence.sql_reads import SqlReads
from compliance.application.screening.views import BlockView
from compliance.domain.screening import ScreeningBlock
from kernel.pages import Page, PageRequest

screening_blocks = Table(
    "screening_blocks",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("subject_id", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("lifted_by", Text),
    Column("lifted_at", DateTime(timezone=True)),
)
registry(metadata=screening_blocks.metadata).map_imperatively(ScreeningBlock, screening_blocks)

_ONE_PLACES = text("SELECT pg_advisory_xact_lock(hashtextextended('screening_blocks/' || :subject, 0))")
_BLOCKS = text(
    """
    SELECT id, subject_id, reason, created_by, created_at, lifted_by, lifted_at, count(*) OVER () AS total
    FROM screening_blocks
    WHERE cast(:standing AS boolean) IS NULL OR (lifted_at IS NULL) = :standing
    ORDER BY created_at DESC, id LIMIT :limit OFFSET :offset
    """
)
_STANDING = text(
    "SELECT subject_id, reason FROM screening_blocks WHERE lifted_at IS NULL AND subject_id = ANY(cast(:subjects AS uuid[]))"
)


class SqlBlockRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, block: ScreeningBlock) -> None:
        self._session.add(block)

    async def find_in_force(self, subject_id: UUID) -> ScreeningBlock | None:
        # There may be no row to lock, so two transactions could both find none and both add one.
        await self._session.execute(_ONE_PLACES, {"subject": str(subject_id)})
        query = select(ScreeningBlock).where(screening_blocks.c.subject_id == subject_id, screening_blocks.c.lifted_at.is_(None))
        return (await self._session.execute(query.with_for_update())).scalar_one_or_none()

    async def get(self, block_id: UUID) -> ScreeningBlock | None:
        query = select(ScreeningBlock).where(screening_blocks.c.id == block_id).with_for_update()
        return (await self._session.execute(query)).scalar_one_or_none()


class SqlScreeningViews(SqlReads):
    async def blocks(self, *, standing: bool | None, page: PageRequest) -> Page[BlockView]:
        return (await self._page(_BLOCKS, page, standing=standing)).map(lambda row: BlockView(*row[:-1]))


class SqlBlockList:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def in_force(self, subject_ids: Collection[UUID]) -> Mapping[UUID, str]:
        # Pass an array literal: every transfer takes this path, and it saves a quarter of the time.
        subjects = f"{{{','.join(map(str, subject_ids))}}}"
        async with self._database.read() as connection:
            return {row.subject_id: row.reason for row in await connection.execute(_STANDING, {"subjects": subjects})}
