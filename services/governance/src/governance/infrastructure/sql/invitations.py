"""Invitations in PostgreSQL. Each organization's: row-level security shows only the rows of the transaction's scope."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Column, DateTime, Table, Text, Uuid, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.sql_reads import SqlReads
from governance.application.invitations.views import FoundInvitation, InvitationView
from governance.domain.invitation import Invitation
from governance.infrastructure.sql.mapping import mapper, metadata
from kernel.pages import Page, PageRequest

invitations = Table(
    "invitations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("organization_id", Uuid, nullable=False),
    Column("code_digest", Text, nullable=False),
    Column("address_hint", Text, nullable=False),
    Column("roles", ARRAY(Text, as_tuple=True), nullable=False),
    Column("membership_ends_at", DateTime(timezone=True)),
    Column("invited_by", Text, nullable=False),
    Column("invited_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("accepted_by", Uuid),
    Column("accepted_at", DateTime(timezone=True)),
    Column("withdrawn_at", DateTime(timezone=True)),
)
mapper.map_imperatively(Invitation, invitations)

_INVITATIONS = (
    select(invitations, func.count().over().label("total"))
    .where(invitations.c.organization_id == bindparam("organization_id"))
    .order_by(invitations.c.invited_at.desc(), invitations.c.id.desc())
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_BY_CODE = text("SELECT id, organization_id FROM invitations WHERE code_digest = :code_digest")
_OPEN_ONES = text(
    """
    SELECT count(*) FROM invitations WHERE organization_id = :organization_id
    AND accepted_at IS NULL AND withdrawn_at IS NULL AND expires_at > :at
    """
)


class SqlInvitationRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, invitation_id: UUID) -> Invitation | None:
        query = select(Invitation).where(invitations.c.id == invitation_id).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def open_ones(self, organization_id: UUID, *, at: datetime) -> int:
        return int(await self._session.scalar(_OPEN_ONES, {"organization_id": organization_id, "at": at}) or 0)

    def add(self, invitation: Invitation) -> None:
        self._session.add(invitation)


class SqlInvitationViews(SqlReads):
    async def invitations(self, organization_id: UUID, page: PageRequest, *, at: datetime) -> Page[InvitationView]:
        found = await self._page(_INVITATIONS, page, organization_id=organization_id)
        return found.map(lambda row: InvitationView.of(_invitation(row), at=at))

    async def find(self, code_digest: str) -> FoundInvitation | None:
        rows = await self._rows(_BY_CODE, code_digest=code_digest)
        return FoundInvitation(*rows[0]) if rows else None


def _invitation(row: Any) -> Invitation:
    fields = {column.name: getattr(row, column.name) for column in invitations.c}
    return Invitation(**fields)
