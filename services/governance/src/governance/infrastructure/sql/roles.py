"""Roles and their permissions in PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Table, Text, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import relationship

from chassis.persistence.sql_reads import SqlReads
from governance.application.roles.views import RoleView
from governance.domain.role import Permission, Role
from governance.infrastructure.sql.mapping import mapper, metadata
from governance.infrastructure.sql.permissions import permissions

roles = Table(
    "roles",
    metadata,
    Column("name", Text, primary_key=True),
    Column("description", Text, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
)
role_permissions = Table(
    "role_permissions",
    metadata,
    Column("role", ForeignKey(roles.c.name), primary_key=True),
    Column("permission", ForeignKey(permissions.c.name), primary_key=True),
)
mapper.map_imperatively(
    Role,
    roles,
    properties={
        # Load it with the role: async code cannot load lazily.
        "permissions": relationship(Permission, secondary=role_permissions, collection_class=set, lazy="selectin"),
    },
)

_ROLES = text(
    """
    SELECT r.name, r.description, r.is_default, r.version,
           coalesce(array_agg(p.permission ORDER BY p.permission) FILTER (WHERE p.permission IS NOT NULL), '{}')
    FROM roles r LEFT JOIN role_permissions p ON p.role = r.name
    WHERE cast(:name AS text) IS NULL OR r.name = :name GROUP BY r.name ORDER BY r.name
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
        return (await self._session.scalars(select(Role).order_by(roles.c.name))).all()


class SqlRoleViews(SqlReads):
    async def roles(self) -> Sequence[RoleView]:
        return [_view(row) for row in await self._rows(_ROLES, name=None)]

    async def role(self, name: str) -> RoleView | None:
        rows = await self._rows(_ROLES, name=name)
        return _view(rows[0]) if rows else None


def _view(row: Any) -> RoleView:
    name, description, is_default, version, permissions = row
    return RoleView(name, description, is_default, version, tuple(permissions))
