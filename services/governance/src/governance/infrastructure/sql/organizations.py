"""Organizations and their members, in PostgreSQL."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import Column, DateTime, Table, Uuid, select, tuple_

from chassis.persistence.sql_reads import SqlReads
from governance.application.organizations.views import Membership
from governance.infrastructure.sql.mapping import metadata

# Each organization's: row-level security shows only the rows of the transaction's scope.
memberships = Table(
    "memberships",
    metadata,
    Column("organization_id", Uuid, primary_key=True),
    Column("subject_id", Uuid, primary_key=True),
    Column("joined_at", DateTime(timezone=True), nullable=False),
)


class SqlMembershipViews(SqlReads):
    async def organizations_of(self, subject_id: UUID, *, limit: int) -> Sequence[UUID]:
        of = memberships.c
        query = (
            select(of.organization_id).where(of.subject_id == subject_id).order_by(of.joined_at, of.organization_id).limit(limit)
        )
        return [row.organization_id for row in await self._rows(query)]

    async def existing(self, asked: Collection[Membership]) -> Collection[Membership]:
        of = memberships.c
        query = select(of.organization_id, of.subject_id).where(tuple_(of.organization_id, of.subject_id).in_(asked))
        return [Membership(*row) for row in await self._rows(query)]
