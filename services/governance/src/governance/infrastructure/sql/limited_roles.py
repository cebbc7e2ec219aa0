"""Roles within limits in PostgreSQL. Their holders are a feed, from which each serving process of the platform keeps a copy."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, ForeignKey, Table, Text, Uuid, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import attribute_keyed_dict, relationship

from chassis.persistence.database import Database
from chassis.persistence.sql_reads import SqlReads
from chassis.projections.served_feed import SqlFeed
from governance.application.role_assignments.views import EndedMembershipView, LimitedRolesView
from governance.domain.limited_role import LimitedAssignment, LimitedHolder
from governance.domain.limits import Limits
from governance.infrastructure.sql.advisory_lock import LOCK_SUBJECT
from governance.infrastructure.sql.mapping import mapper, metadata
from governance.infrastructure.sql.roles import roles
from kernel.feeds import FeedPage

limited_holders = Table(
    "limited_holders",
    metadata,
    Column("subject_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
)
limited_assignments = Table(
    "limited_assignments",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("subject_id", ForeignKey(limited_holders.c.subject_id), nullable=False),
    Column("role", ForeignKey(roles.c.name), nullable=False),
    Column("organization_id", Uuid),
    Column("starts_at", DateTime(timezone=True)),
    Column("ends_at", DateTime(timezone=True)),
    Column("team_id", Uuid),
    Column("granted_by", Text, nullable=False),
    Column("granted_at", DateTime(timezone=True), nullable=False),
    Column("reason", Text),
    Column("exception_ids", ARRAY(Uuid, as_tuple=True), nullable=False),
)
mapper.map_imperatively(LimitedAssignment, limited_assignments)
mapper.map_imperatively(
    LimitedHolder,
    limited_holders,
    properties={
        # Load them with their holder: async code cannot load lazily.
        "assignments": relationship(
            LimitedAssignment,
            collection_class=attribute_keyed_dict("id"),
            cascade="all, delete-orphan",
            lazy="selectin",
        ),
    },
)

_LIMITED = """
    version, (
        SELECT coalesce(json_agg(json_build_array(
            role, organization_id, (extract(epoch FROM starts_at) * 1000000)::bigint,
            (extract(epoch FROM ends_at) * 1000000)::bigint, team_id) ORDER BY id), '[]')
        FROM limited_assignments WHERE subject_id = limited_holders.subject_id
    ) AS roles
"""
_INACTIVE = text(
    """
    SELECT id FROM organizations o WHERE status <> 'active'
    AND EXISTS (SELECT FROM limited_assignments a WHERE a.organization_id = o.id) ORDER BY id
    """
)
# Longer than an access token is valid. By the database's clock, which also wrote them.
_ENDED_MEMBERSHIPS = text(
    """
    SELECT organization_id, nullif(subject_id, '00000000-0000-0000-0000-000000000000') AS subject_id, ended_at
    FROM ended_memberships WHERE ended_at > now() - interval '20 minutes' ORDER BY ended_at
    """
)
_ENDED = text(
    """
    SELECT DISTINCT subject_id FROM limited_assignments WHERE ends_at <= :at AND subject_id > :after
    ORDER BY subject_id LIMIT :limit
    """
)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SqlLimitedHolderRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, subject_id: UUID) -> LimitedHolder | None:
        # A row lock cannot lock a row that does not exist yet.
        await self._session.execute(LOCK_SUBJECT, {"subject_id": str(subject_id)})
        query = select(LimitedHolder).where(limited_holders.c.subject_id == subject_id)
        return (await self._session.scalars(query)).one_or_none()

    async def of_team(self, team_id: UUID) -> Sequence[UUID]:
        of = limited_assignments.c
        query = select(of.subject_id).where(of.team_id == team_id).distinct().order_by(of.subject_id)
        return (await self._session.scalars(query)).all()

    def add(self, holder: LimitedHolder) -> None:
        self._session.add(holder)


class SqlLimitedRoleViews(SqlReads):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._feed = SqlFeed(database, "limited_holders", key="subject_id", columns=_LIMITED)

    async def page(self, cursor: str, *, limit: int) -> FeedPage[LimitedRolesView]:
        page = await self._feed.page(cursor, limit=limit)
        return page.map(lambda row: LimitedRolesView(row.feed_key, [_limited(*role) for role in row.roles], row.version))

    async def inactive_organizations(self) -> Sequence[UUID]:
        return [row.id for row in await self._rows(_INACTIVE)]

    async def ended_memberships(self) -> Sequence[EndedMembershipView]:
        return [EndedMembershipView(*row) for row in await self._rows(_ENDED_MEMBERSHIPS)]

    async def ended(self, at: datetime, *, after: UUID, limit: int) -> Sequence[UUID]:
        return [row.subject_id for row in await self._rows(_ENDED, at=at, after=after, limit=limit)]


def _limited(
    role: str, organization_id: str | None, starts_at: int | None, ends_at: int | None, team_id: str | None
) -> tuple[str, Limits]:
    organization, team = (UUID(each) if each else None for each in (organization_id, team_id))
    return role, Limits(organization, _time(starts_at), _time(ends_at), team)


def _time(microseconds: int | None) -> datetime | None:
    # Not by a floating-point number, which has no room for the microseconds of later centuries.
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)
