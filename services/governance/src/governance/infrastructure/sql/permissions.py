"""Permissions in PostgreSQL; migrations write them."""

from collections.abc import Sequence

from sqlalchemy import Column, Table, Text, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.database import Database
from governance.application.permissions.views import PermissionView
from governance.domain.role import Permission
from governance.infrastructure.sql.mapping import mapper, metadata
from governance.infrastructure.sql.reads import fetch_rows

permissions = Table(
    "permissions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("description", Text, nullable=False),
)
mapper.map_imperatively(Permission, permissions)

_PERMISSIONS = text("SELECT name, description FROM permissions ORDER BY name")


class SqlPermissionRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def all(self) -> Sequence[Permission]:
        return (await self._session.scalars(select(Permission).order_by(permissions.c.name))).all()


class SqlPermissionViews:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def permissions(self) -> Sequence[PermissionView]:
        return [PermissionView(*row) for row in await fetch_rows(self._database, _PERMISSIONS)]
