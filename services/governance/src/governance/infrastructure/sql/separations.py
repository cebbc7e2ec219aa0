"""Separations of duties in PostgreSQL."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, ForeignKey, Table, Text, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.sql_reads import SqlReads
from governance.application.separations.views import SeparationView
from governance.domain.separation import DutyConflict, Separation
from governance.infrastructure.sql.mapping import mapper, metadata
from governance.infrastructure.sql.permissions import permissions
from kernel.pages import CursorPage, CursorRequest, Page, PageRequest, not_a_cursor

separations = Table(
    "separations",
    metadata,
    Column("name", Text, primary_key=True),
    Column("first_permission", ForeignKey(permissions.c.name), nullable=False, key="first"),
    Column("second_permission", ForeignKey(permissions.c.name), nullable=False, key="second"),
    Column("exempt_roles", ARRAY(Text, as_tuple=True), nullable=False),
    Column("description", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("is_withdrawn", Boolean, nullable=False),
)
mapper.map_imperatively(Separation, separations)

# The columns are in the order of SeparationView.
_SEPARATIONS = (
    select(separations, func.count().over().label("total"))
    .where(~separations.c.is_withdrawn)
    .order_by(separations.c.name)
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_SEPARATION = select(separations).where(separations.c.name == bindparam("separation"))

# In the order of DutyConflict.
_CONFLICTS = "SELECT separation, subject_id, first_role, second_role, organization_id, ends_at FROM duty_conflicts"
_CONFLICTS_OF = text(
    f"{_CONFLICTS} WHERE subject_id = :subject_id AND :assignment_id IN (first_assignment, second_assignment)"
    " AND coalesce(ends_at, 'infinity') > :at ORDER BY separation, first_role, second_role"
)
_CONFLICTS_BY = text(
    f"{_CONFLICTS} WHERE separation = :separation AND (first_role = ANY(:roles) OR second_role = ANY(:roles))"
    " AND coalesce(ends_at, 'infinity') > :at ORDER BY subject_id LIMIT :limit"
)
_CONFLICTS_PAGE = text(
    """
    SELECT separation, subject_id, first_role, second_role, organization_id, ends_at, first_assignment, second_assignment
    FROM duty_conflicts WHERE separation = :separation AND coalesce(ends_at, 'infinity') > :at
    AND (subject_id, first_assignment, second_assignment) > (:subject_id, :first, :second)
    ORDER BY subject_id, first_assignment, second_assignment LIMIT :limit
    """
)


class SqlSeparationRepository:
    """Rows are not locked: a transaction that changes or reads them holds the guard of standings."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, name: str) -> Separation | None:
        return await self._session.get(Separation, name)

    async def in_force(self) -> Sequence[Separation]:
        query = select(Separation).where(~separations.c.is_withdrawn).order_by(separations.c.name)
        return (await self._session.scalars(query)).all()

    async def conflicts_of(self, subject_id: UUID, *, assignment_id: UUID, at: datetime) -> Sequence[DutyConflict]:
        return await self._conflicts(_CONFLICTS_OF, subject_id=subject_id, assignment_id=assignment_id, at=at)

    async def conflicts_by(self, separation: str, roles: Collection[str], *, at: datetime, limit: int) -> Sequence[DutyConflict]:
        return await self._conflicts(_CONFLICTS_BY, separation=separation, roles=list(roles), at=at, limit=limit)

    def add(self, separation: Separation) -> None:
        self._session.add(separation)

    async def _conflicts(self, query: Any, **parameters: object) -> Sequence[DutyConflict]:
        # Autoflush is off, so flush first: the query must see the changes of this transaction.
        await self._session.flush()
        return [DutyConflict(*row) for row in (await self._session.execute(query, parameters)).all()]


class SqlSeparationViews(SqlReads):
    async def separations(self, page: PageRequest) -> Page[SeparationView]:
        return (await self._page(_SEPARATIONS, page)).map(lambda row: SeparationView(*row[:-1]))

    async def separation(self, name: str) -> SeparationView | None:
        rows = await self._rows(_SEPARATION, separation=name)
        return SeparationView(*rows[0]) if rows else None

    async def conflicts(self, name: str, cursor: CursorRequest, *, at: datetime) -> CursorPage[DutyConflict]:
        subject_id, first, second = _position(cursor)
        found = await self._cursor_page(
            _CONFLICTS_PAGE,
            cursor,
            lambda row: f"{row.subject_id}~{row.first_assignment}~{row.second_assignment}",
            separation=name,
            at=at,
            subject_id=subject_id,
            first=first,
            second=second,
        )
        return found.map(lambda row: DutyConflict(*row[:-2]))


def _position(cursor: CursorRequest) -> tuple[UUID, UUID, UUID]:
    if cursor.after is None:
        return UUID(int=0), UUID(int=0), UUID(int=0)
    try:
        subject_id, first, second = map(UUID, cursor.after.split("~"))
    except ValueError:
        raise not_a_cursor(cursor.after) from None
    return subject_id, first, second
