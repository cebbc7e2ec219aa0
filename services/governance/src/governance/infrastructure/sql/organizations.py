"""Organizations and their members, in PostgreSQL."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import Column, DateTime, Table, Uuid, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.sql_reads import SqlReads
from governance.application.organizations.views import MembershipView
from governance.domain.membership import Membership
from governance.infrastructure.sql.mapping import metadata

# Each organization's: row-level security shows only the rows of the transaction's scope.
memberships = Table(
    "memberships",
    metadata,
    Column("organization_id", Uuid, primary_key=True),
    Column("subject_id", Uuid, primary_key=True),
    Column("joined_at", DateTime(timezone=True), nullable=False),
)


class SqlMembershipRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock_of(self, subject_id: UUID) -> Sequence[Membership]:
        of = memberships.c
        query = select(memberships).where(of.subject_id == subject_id).order_by(of.organization_id).with_for_update()
        return [Membership(*row) for row in await self._session.execute(query)]

    async def remove(self, membership: Membership) -> None:
        of = memberships.c
        gone = (of.organization_id == membership.organization_id) & (of.subject_id == membership.subject_id)
        await self._session.execute(delete(memberships).where(gone))


class SqlMembershipViews(SqlReads):
    async def organizations_of(self, subject_id: UUID, *, limit: int) -> Sequence[UUID]:
        of = memberships.c
        query = (
            select(of.organization_id).where(of.subject_id == subject_id).order_by(of.joined_at, of.organization_id).limit(limit)
        )
        return [row.organization_id for row in await self._rows(query)]

    async def existing(self, asked: Collection[MembershipView]) -> Collection[MembershipView]:
        of = memberships.c
        query = select(of.organization_id, of.subject_id).where(tuple_(of.organization_id, of.subject_id).in_(asked))
        return [MembershipView(*row) for row in await self._rows(query)]

    async def members(self, organization_id: UUID, *, after: UUID | None, limit: int) -> Sequence[UUID]:
        of = memberships.c
        query = select(of.subject_id).where(of.organization_id == organization_id).order_by(of.subject_id).limit(limit)
        if after:
            query = query.where(of.subject_id > after)
        return [row.subject_id for row in await self._rows(query)]
