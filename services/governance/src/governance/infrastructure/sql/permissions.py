"""Permissions in PostgreSQL; migrations write them."""

from collections.abc import Sequence

from sqlalchemy import Column, Table, Text, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.sql_reads import SqlReads
from governance.application.permissions.views import PermissionView
from governance.domain.role import Permission
from governance.infrastructure.sql.mapping import mapper, metadata

permissions = Table(
    "permissions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("description", Text, nullable=False),
    Column("category", Text, nullable=False),
)
mapper.map_imperatively(Permission, permissions)

_PERMISSIONS = text("SELECT name, description, category FROM permissions ORDER BY category, name")


class SqlPermissionRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def all(self) -> Sequence[Permission]:
        return (await self._session.scalars(select(Permission).order_by(permissions.c.name))).all()


class SqlPermissionViews(SqlReads):
    async def permissions(self) -> Sequence[PermissionView]:
        return [PermissionView(*row) for row in await self._rows(_PERMISSIONS)]
