"""The members of organizations, in PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Table, Uuid, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.sql_reads import SqlReads
from governance.application.members.views import MembershipView, MemberView
from governance.domain.membership import Membership
from governance.infrastructure.sql.mapping import mapper, metadata
from kernel.pages import Page, PageRequest

# Each organization's: row-level security shows only the rows of the transaction's scope.
memberships = Table(
    "memberships",
    metadata,
    Column("organization_id", Uuid, primary_key=True),
    Column("subject_id", Uuid, primary_key=True),
    Column("joined_at", DateTime(timezone=True), nullable=False),
    Column("manager_id", Uuid),
    Column("ends_at", DateTime(timezone=True)),
    Column("version", BigInteger, nullable=False),
    Column("platform_manager_id", Uuid),
)
mapper.map_imperatively(Membership, memberships)

# The database's clock: a service that asks for memberships has no time of its own to compare with.
_NOT_OVER = "coalesce(m.ends_at, 'infinity') > now()"
_IN_FORCE = f"""
    {_NOT_OVER} AND EXISTS (SELECT FROM organizations o WHERE o.id = m.organization_id AND o.status = 'active')
"""
_ORGANIZATIONS_OF = text(
    f"""
    SELECT m.organization_id FROM memberships m WHERE m.subject_id = :subject_id AND {_IN_FORCE}
    ORDER BY m.joined_at, m.organization_id LIMIT :limit
    """  # noqa: S608
)
_IS_MEMBER = text(
    f"SELECT FROM memberships m WHERE organization_id = :organization_id AND subject_id = :subject_id AND {_NOT_OVER}"
)
_MEMBER_IDS = text(
    f"""
    SELECT m.subject_id FROM memberships m WHERE m.organization_id = :organization_id AND {_IN_FORCE}
    AND (cast(:after AS uuid) IS NULL OR m.subject_id > :after) ORDER BY m.subject_id LIMIT :limit
    """  # noqa: S608
)
# In the order of MemberView.
_MEMBER = """
    m.organization_id, m.subject_id, m.joined_at, m.ends_at, m.manager_id, m.version, ARRAY(
        SELECT role FROM limited_assignments a WHERE a.subject_id = m.subject_id AND a.organization_id = m.organization_id
        AND num_nonnulls(a.team_id, a.starts_at, a.ends_at) = 0 ORDER BY role
    ) AS roles
"""
_MEMBERS = text(
    f"""
    SELECT {_MEMBER}, count(*) OVER () AS total FROM memberships m WHERE m.organization_id = :organization_id
    AND (cast(:manager_id AS uuid) IS NULL OR m.manager_id = :manager_id)
    ORDER BY m.joined_at, m.subject_id LIMIT :limit OFFSET :offset
    """  # noqa: S608
)
_ONE_MEMBER = text(
    f"SELECT {_MEMBER} FROM memberships m WHERE m.organization_id = :organization_id AND m.subject_id = :subject_id"  # noqa: S608
)
_ENDED = text("SELECT organization_id, subject_id FROM memberships WHERE ends_at <= :at ORDER BY ends_at LIMIT :limit")
_MANAGERS_ABOVE = text(
    """
    WITH RECURSIVE above (manager_id) AS (
        SELECT manager_id FROM memberships WHERE organization_id = :organization_id AND subject_id = :subject_id
        UNION SELECT m.manager_id FROM memberships m JOIN above ON m.subject_id = above.manager_id
        WHERE m.organization_id = :organization_id
    ) SELECT manager_id FROM above WHERE manager_id IS NOT NULL
    """
)
_CAN_BE_MANAGED = text(
    """
    SELECT EXISTS (
        SELECT FROM memberships m JOIN limited_assignments a USING (organization_id, subject_id)
        JOIN effective_role_permissions p ON p.role = a.role AND p.permission = :permission
        LEFT JOIN subject_standings s ON s.subject_id = m.subject_id
        WHERE m.organization_id = :organization_id AND s.is_able IS NOT FALSE AND m.ends_at IS NULL
        AND a.team_id IS NULL AND a.ends_at IS NULL AND coalesce(a.starts_at, '-infinity') <= :at
    )
    """
)


class SqlMembershipRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock_of(self, subject_id: UUID) -> Sequence[Membership]:
        of = memberships.c
        query = select(Membership).where(of.subject_id == subject_id).order_by(of.organization_id).with_for_update()
        return (await self._session.scalars(query)).all()

    async def lock(self, organization_id: UUID, subject_id: UUID) -> Membership | None:
        of = memberships.c
        query = select(Membership).where(of.organization_id == organization_id, of.subject_id == subject_id)
        return (await self._session.scalars(query.with_for_update())).one_or_none()

    async def find(self, organization_id: UUID, subject_id: UUID) -> Membership | None:
        return await self._session.get(Membership, (organization_id, subject_id))

    async def managed_by(self, organization_id: UUID, subject_id: UUID) -> Sequence[Membership]:
        of = memberships.c
        query = select(Membership).where(of.organization_id == organization_id, of.manager_id == subject_id)
        return (await self._session.scalars(query.order_by(of.subject_id).with_for_update())).all()

    async def managers_above(self, organization_id: UUID, subject_id: UUID) -> Sequence[UUID]:
        asked = {"organization_id": organization_id, "subject_id": subject_id}
        return (await self._session.scalars(_MANAGERS_ABOVE, asked)).all()

    async def can_be_managed(self, organization_id: UUID, permission: str, *, at: datetime) -> bool:
        # Autoflush is off, so flush first: the query must see the changes of this transaction.
        await self._session.flush()
        asked = {"organization_id": organization_id, "permission": permission, "at": at}
        return bool(await self._session.scalar(_CAN_BE_MANAGED, asked))

    def add(self, membership: Membership) -> None:
        self._session.add(membership)

    async def remove(self, membership: Membership) -> None:
        # The rows that name the membership first: a flush orders only what the mapping relates.
        await self._session.flush()
        await self._session.delete(membership)


class SqlMembershipViews(SqlReads):
    async def organizations_of(self, subject_id: UUID, *, limit: int) -> Sequence[UUID]:
        return [row.organization_id for row in await self._rows(_ORGANIZATIONS_OF, subject_id=subject_id, limit=limit)]

    async def existing(self, asked: Collection[MembershipView]) -> Collection[MembershipView]:
        of = memberships.alias("m").c
        query = select(of.organization_id, of.subject_id).where(
            tuple_(of.organization_id, of.subject_id).in_(asked), text(_IN_FORCE)
        )
        return [MembershipView(*row) for row in await self._rows(query)]

    async def is_member(self, organization_id: UUID, subject_id: UUID) -> bool:
        return bool(await self._rows(_IS_MEMBER, organization_id=organization_id, subject_id=subject_id))

    async def may_act(self, organization_id: UUID, subject_id: UUID) -> bool:
        return bool(await self.existing([MembershipView(organization_id, subject_id)]))

    async def member_ids(self, organization_id: UUID, *, after: UUID | None, limit: int) -> Sequence[UUID]:
        rows = await self._rows(_MEMBER_IDS, organization_id=organization_id, after=after, limit=limit)
        return [row.subject_id for row in rows]

    async def members(self, organization_id: UUID, page: PageRequest, *, manager_id: UUID | None) -> Page[MemberView]:
        found = await self._page(_MEMBERS, page, organization_id=organization_id, manager_id=manager_id)
        return found.map(_member)

    async def member(self, organization_id: UUID, subject_id: UUID) -> MemberView | None:
        rows = await self._rows(_ONE_MEMBER, organization_id=organization_id, subject_id=subject_id)
        return _member(rows[0]) if rows else None

    async def ended(self, at: datetime, *, limit: int) -> Sequence[MembershipView]:
        return [MembershipView(*row) for row in await self._rows(_ENDED, at=at, limit=limit)]


def _member(row: Any) -> MemberView:
    return MemberView(
        row.organization_id,
        row.subject_id,
        row.joined_at,
        row.ends_at,
        row.manager_id,
        row.version,
        tuple(row.roles),
    )
