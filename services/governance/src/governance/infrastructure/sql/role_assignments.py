"""Subjects and the roles assigned to them, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Table, Text, TextClause, Uuid, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import attribute_keyed_dict, relationship

from chassis.persistence.database import Database
from chassis.persistence.sql_reads import SqlReads
from chassis.projections.served_feed import SqlFeed
from governance.application.role_assignments.views import AssignmentView, GrantsView, SubjectView
from governance.domain.role_holder import RoleAssignment, RoleHolder
from governance.infrastructure.sql.advisory_lock import LOCK_SUBJECT
from governance.infrastructure.sql.mapping import mapper, metadata
from governance.infrastructure.sql.roles import roles
from kernel.feeds import FeedPage
from kernel.pages import Page, PageRequest

role_holders = Table(
    "role_holders",
    metadata,
    Column("subject_id", Uuid, primary_key=True),
    Column("welcomed_at", DateTime(timezone=True)),
    Column("version", BigInteger, nullable=False),
)
role_assignments = Table(
    "role_assignments",
    metadata,
    Column("subject_id", ForeignKey(role_holders.c.subject_id), primary_key=True),
    Column("role", ForeignKey(roles.c.name), primary_key=True),
    Column("granted_by", Text, nullable=False),
    Column("granted_at", DateTime(timezone=True), nullable=False),
    Column("reason", Text),
    Column("id", Uuid, nullable=False),
)
mapper.map_imperatively(RoleAssignment, role_assignments)
mapper.map_imperatively(
    RoleHolder,
    role_holders,
    properties={
        # Load them with their holder: async code cannot load lazily.
        "assignments": relationship(
            RoleAssignment,
            collection_class=attribute_keyed_dict("role"),
            cascade="all, delete-orphan",
            lazy="selectin",
        ),
    },
)

_IN_FORCE = """
    AND coalesce(ends_at, 'infinity') > :at AND (:planned OR coalesce(starts_at, '-infinity') <= :at)
    AND (NOT :lasting OR coalesce(ends_at, 'infinity') >= coalesce(cast(:until AS timestamptz), 'infinity'))
"""
_PERMISSIONS_OF = text(
    f"""
    SELECT permission FROM effective_role_permissions
    WHERE role IN (SELECT role FROM all_assignments WHERE subject_id = :subject_id AND organization_id IS NULL {_IN_FORCE})
    OR role IN (SELECT name FROM roles WHERE is_default)
    """  # noqa: S608
)
_PERMISSIONS_WITHIN = text(
    f"""
    SELECT permission FROM effective_role_permissions WHERE role IN (
        SELECT role FROM limited_assignments
        WHERE subject_id = :subject_id AND organization_id = :organization_id AND team_id IS NULL {_IN_FORCE}
    )
    """  # noqa: S608
)
_ASSIGNMENTS = text(
    """
    SELECT id, subject_id, role, organization_id, starts_at, ends_at, team_id, granted_by, granted_at, reason,
           count(*) OVER () AS total
    FROM all_assignments
    WHERE (cast(:role AS text) IS NULL OR role = :role) AND (cast(:subject AS uuid) IS NULL OR subject_id = :subject)
    AND (cast(:organization AS uuid) IS NULL OR organization_id = :organization)
    ORDER BY granted_at DESC, subject_id, role, id LIMIT :limit OFFSET :offset
    """
)
# A registered subject without roles gives one row with NULLs, an unregistered one with `is_registered` false.
_SUBJECT = text(
    """
    SELECT EXISTS (SELECT FROM role_holders WHERE subject_id = :subject_id) AS is_registered,
           a.id, a.subject_id, a.role, a.organization_id, a.starts_at, a.ends_at, a.team_id, a.granted_by, a.granted_at, a.reason
    FROM (SELECT) AS one LEFT JOIN all_assignments a ON a.subject_id = :subject_id ORDER BY a.role, a.id
    """
)
_DEFAULT_ROLE = text("SELECT name FROM roles WHERE is_default")
# `_SUBJECT` and `_DEFAULT_ROLE` combined, for many subjects.
_EFFECTIVE_ROLES = text(
    """
    SELECT asked.id, CASE WHEN h.subject_id IS NULL THEN ARRAY(SELECT name FROM roles WHERE is_default)
        ELSE ARRAY(SELECT a.role FROM role_assignments a WHERE a.subject_id = asked.id ORDER BY a.role) END AS roles
    FROM unnest(cast(:ids AS uuid[])) WITH ORDINALITY AS asked (id, place)
    LEFT JOIN role_holders h ON h.subject_id = asked.id ORDER BY asked.place
    """
)
_GRANTS = """
    version, ARRAY(SELECT a.role FROM role_assignments a WHERE a.subject_id = role_holders.subject_id ORDER BY a.role) AS roles
"""

# Those who hold it everywhere now. A role for one organization does not make its holder a reader of the platform's notices.
_HOLDERS = """
    SELECT DISTINCT subject_id FROM all_assignments
    WHERE role IN ({roles}) AND organization_id IS NULL
    AND coalesce(ends_at, 'infinity') > :at AND coalesce(starts_at, '-infinity') <= :at
    AND (cast(:after AS uuid) IS NULL OR subject_id > :after) ORDER BY subject_id LIMIT :limit
"""
_HOLDERS_OF_ROLE = text(_HOLDERS.format(roles="SELECT role FROM role_reach WHERE reached = :name"))
_HOLDERS_OF_PERMISSION = text(_HOLDERS.format(roles="SELECT role FROM effective_role_permissions WHERE permission = :name"))
_ROLE_EXISTS = text("SELECT name FROM roles WHERE name = :name")
_PERMISSION_EXISTS = text("SELECT name FROM permissions WHERE name = :name")


class SqlRoleHolderRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, subject_id: UUID) -> RoleHolder | None:
        # A row lock cannot lock a row that does not exist yet.
        await self._session.execute(LOCK_SUBJECT, {"subject_id": str(subject_id)})
        query = select(RoleHolder).where(role_holders.c.subject_id == subject_id)
        return (await self._session.scalars(query)).one_or_none()

    async def permissions_of(
        self,
        subject_id: UUID,
        *,
        at: datetime,
        planned: bool = False,
        lasting: bool = False,
        until: datetime | None = None,
    ) -> frozenset[str]:
        asked = {"subject_id": subject_id, "at": at, "planned": planned, "lasting": lasting, "until": until}
        return await self._permissions(_PERMISSIONS_OF, asked)

    async def permissions_within(
        self,
        subject_id: UUID,
        organization_id: UUID,
        *,
        at: datetime,
        planned: bool = False,
        lasting: bool = False,
        until: datetime | None = None,
    ) -> frozenset[str]:
        asked = {"subject_id": subject_id, "at": at, "planned": planned, "lasting": lasting, "until": until}
        return await self._permissions(_PERMISSIONS_WITHIN, {**asked, "organization_id": organization_id})

    def add(self, holder: RoleHolder) -> None:
        self._session.add(holder)

    async def _permissions(self, query: TextClause, asked: Mapping[str, object]) -> frozenset[str]:
        # Autoflush is off, so flush first: the query must see the changes of this transaction.
        await self._session.flush()
        return frozenset((await self._session.scalars(query, asked)).all())


class SqlRoleAssignmentViews(SqlReads):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._grants = SqlFeed(database, "role_holders", key="subject_id", columns=_GRANTS)

    async def assignments(
        self, page: PageRequest, *, role: str | None, subject_id: UUID | None, organization_id: UUID | None
    ) -> Page[AssignmentView]:
        found = await self._page(_ASSIGNMENTS, page, role=role, subject=subject_id, organization=organization_id)
        return found.map(lambda row: AssignmentView(*row[:-1]))

    async def subject(self, subject_id: UUID) -> SubjectView | None:
        rows = await self._rows(_SUBJECT, subject_id=subject_id)
        assignments = tuple(AssignmentView(*row[1:]) for row in rows if row.role)
        if not rows[0].is_registered and not assignments:
            return None
        roles = tuple(each.role for each in assignments if not each.is_limited)
        return SubjectView(subject_id, roles if rows[0].is_registered else (await self.default_role(),), assignments)

    async def default_role(self) -> str:
        return str((await self._rows(_DEFAULT_ROLE))[0].name)

    async def effective_roles(self, subject_ids: Sequence[UUID]) -> Sequence[tuple[UUID, tuple[str, ...]]]:
        return [(row.id, tuple(row.roles)) for row in await self._rows(_EFFECTIVE_ROLES, ids=list(subject_ids))]

    async def grants(self, cursor: str, *, limit: int) -> FeedPage[GrantsView]:
        page = await self._grants.page(cursor, limit=limit)
        return page.map(lambda row: GrantsView(row.feed_key, tuple(row.roles), row.version))

    async def holders(
        self, *, role: str | None, permission: str | None, at: datetime, after: UUID | None, limit: int
    ) -> Sequence[UUID] | None:
        query, exists = (_HOLDERS_OF_ROLE, _ROLE_EXISTS) if role else (_HOLDERS_OF_PERMISSION, _PERMISSION_EXISTS)
        name = role or permission
        rows = await self._rows(query, name=name, at=at, after=after, limit=limit)
        if not rows and not await self._rows(exists, name=name):
            return None
        return [row.subject_id for row in rows]
