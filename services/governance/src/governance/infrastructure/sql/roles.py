"""Roles and their permissions in PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, DateTime, ForeignKey, Table, Text, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import attribute_keyed_dict, relationship

from chassis.persistence.sql_reads import SqlReads
from governance.application.roles.views import RoleView
from governance.domain.role import Permission, Role, RoleInclusion
from governance.domain.role_hierarchy import RoleHierarchy
from governance.infrastructure.sql.mapping import mapper, metadata
from governance.infrastructure.sql.permissions import permissions

roles = Table(
    "roles",
    metadata,
    Column("name", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("is_system", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("retired_at", DateTime(timezone=True)),
)
role_permissions = Table(
    "role_permissions",
    metadata,
    Column("role", ForeignKey(roles.c.name), primary_key=True),
    Column("permission", ForeignKey(permissions.c.name), primary_key=True),
)
role_inclusions = Table(
    "role_inclusions",
    metadata,
    Column("role", ForeignKey(roles.c.name), primary_key=True),
    Column("included", ForeignKey(roles.c.name), primary_key=True),
)
mapper.map_imperatively(RoleInclusion, role_inclusions)
mapper.map_imperatively(
    Role,
    roles,
    properties={
        # Load them with the role: async code cannot load lazily.
        "permissions": relationship(Permission, secondary=role_permissions, collection_class=set, lazy="selectin"),
        "inclusions": relationship(
            RoleInclusion,
            collection_class=attribute_keyed_dict("included"),
            primaryjoin=role_inclusions.c.role == roles.c.name,
            cascade="all, delete-orphan",
            lazy="selectin",
        ),
    },
)

_ROLES = text(
    """
    SELECT r.name, r.title, r.description, r.is_default, r.is_system, r.version, r.retired_at,
           ARRAY(SELECT permission FROM role_permissions WHERE role = r.name ORDER BY permission),
           ARRAY(SELECT included FROM role_inclusions WHERE role = r.name ORDER BY included),
           ARRAY(SELECT permission FROM effective_role_permissions WHERE role = r.name ORDER BY permission)
    FROM roles r
    WHERE (cast(:name AS text) IS NULL OR r.name = :name) AND (:retired OR r.retired_at IS NULL) ORDER BY r.name
    """
)


class SqlRoleRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, name: str) -> Role | None:
        return await self._session.get(Role, name)

    async def lock(self, name: str) -> Role | None:
        # NO KEY UPDATE: assignments that only reference the role do not have to wait.
        query = select(Role).where(roles.c.name == name).with_for_update(key_share=True)
        return (await self._session.scalars(query)).one_or_none()

    async def default(self) -> Role:
        return (await self._session.scalars(select(Role).where(roles.c.is_default))).one()

    async def all(self) -> Sequence[Role]:
        # Autoflush is off, so flush first: the query must see new roles of this transaction.
        await self._session.flush()
        return (await self._session.scalars(select(Role).order_by(roles.c.name))).all()

    async def hierarchy(self) -> RoleHierarchy:
        return RoleHierarchy(await self.all())

    def add(self, role: Role) -> None:
        self._session.add(role)


class SqlRoleViews(SqlReads):
    async def roles(self, *, retired: bool) -> Sequence[RoleView]:
        return [_view(row) for row in await self._rows(_ROLES, name=None, retired=retired)]

    async def role(self, name: str) -> RoleView | None:
        rows = await self._rows(_ROLES, name=name, retired=True)
        return _view(rows[0]) if rows else None


def _view(row: Any) -> RoleView:
    name, title, description, is_default, is_system, version, retired_at, permissions, included, effective = row
    return RoleView(
        name,
        title,
        description,
        is_default,
        is_system,
        version,
        retired_at,
        tuple(permissions),
        tuple(included),
        tuple(effective),
    )
