"""Exceptions from separations of duties, in PostgreSQL."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Column, DateTime, ForeignKey, Table, Text, Uuid, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.sql_reads import SqlReads
from governance.application.separation_exceptions.views import SeparationExceptionView
from governance.domain.separation import SeparationException
from governance.infrastructure.sql.mapping import mapper, metadata
from governance.infrastructure.sql.separations import separations
from kernel.pages import Page, PageRequest

separation_exceptions = Table(
    "separation_exceptions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("separation", ForeignKey(separations.c.name), nullable=False),
    Column("first_permission", Text, nullable=False, key="first"),
    Column("second_permission", Text, nullable=False, key="second"),
    Column("subject_id", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("approved_by", Text),
    Column("approved_at", DateTime(timezone=True)),
    Column("ended_by", Text),
    Column("ended_at", DateTime(timezone=True)),
)
mapper.map_imperatively(SeparationException, separation_exceptions)

# In the order of SeparationExceptionView.
_EXCEPTIONS = text(
    """
    SELECT id, separation, first_permission, second_permission, subject_id, reason,
           expires_at, asked_by, asked_at, approved_by, approved_at, ended_by, ended_at,
           count(*) OVER () AS total
    FROM separation_exceptions
    WHERE (cast(:separation AS text) IS NULL OR separation = :separation)
    AND (cast(:subject AS uuid) IS NULL OR subject_id = :subject)
    ORDER BY asked_at DESC, id DESC LIMIT :limit OFFSET :offset
    """
)


class SqlSeparationExceptionRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, exception_id: UUID) -> SeparationException | None:
        query = select(SeparationException).where(separation_exceptions.c.id == exception_id).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def approved_of(self, subject_id: UUID) -> Sequence[SeparationException]:
        of = separation_exceptions.c
        query = select(SeparationException).where(of.subject_id == subject_id, of.approved_at.is_not(None), of.ended_at.is_(None))
        # Locked, so that none ends between this look and the commit of what it permits.
        return (await self._session.scalars(query.order_by(of.id).with_for_update(read=True))).all()

    async def lock_all_of(self, subject_id: UUID) -> Sequence[SeparationException]:
        of = separation_exceptions.c
        query = select(SeparationException).where(of.subject_id == subject_id, of.ended_at.is_(None))
        return (await self._session.scalars(query.order_by(of.id).with_for_update())).all()

    def add(self, exception: SeparationException) -> None:
        self._session.add(exception)


class SqlSeparationExceptionViews(SqlReads):
    async def exceptions(
        self, page: PageRequest, *, separation: str | None, subject_id: UUID | None
    ) -> Page[SeparationExceptionView]:
        found = await self._page(_EXCEPTIONS, page, separation=separation, subject=subject_id)
        return found.map(lambda row: SeparationExceptionView(*row[:-1]))
