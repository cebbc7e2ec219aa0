"""Organizations in PostgreSQL: a register of the platform. The use cases decide which callers read which entry."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Table, Text, Uuid, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.sql_reads import SqlReads
from governance.application.organizations.views import OrganizationFilter, OrganizationView
from governance.domain.organization import Organization, OrganizationKind, OrganizationStatus
from governance.infrastructure.sql.advisory_lock import LOCK_REGISTRATION
from governance.infrastructure.sql.mapping import enumerated, mapper, metadata
from kernel.pages import Page, PageRequest

organizations = Table(
    "organizations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", enumerated(OrganizationKind), nullable=False),
    Column("name", Text, nullable=False),
    Column("registration_number", Text),
    Column("contact_email", Text),
    Column("contact_phone", Text),
    Column("parent_id", ForeignKey("organizations.id")),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("status", enumerated(OrganizationStatus), nullable=False),
    Column("version", BigInteger, nullable=False),
)
mapper.map_imperatively(Organization, organizations)

# In the order of OrganizationView.
_COLUMNS = "id, kind, name, registration_number, contact_email, contact_phone, parent_id, created_by, created_at, status, version"
_ORGANIZATION = text(f"SELECT {_COLUMNS} FROM organizations WHERE id = :id")  # noqa: S608
_ORGANIZATIONS = text(
    f"""
    SELECT {_COLUMNS}, count(*) OVER () AS total FROM organizations o
    WHERE (cast(:kind AS text) IS NULL OR kind = :kind) AND (cast(:status AS text) IS NULL OR status = :status)
    AND (cast(:parent AS uuid) IS NULL OR parent_id = :parent)
    AND (cast(:pattern AS text) IS NULL OR lower(name) LIKE :pattern OR registration_number = :text)
    AND (cast(:member AS uuid) IS NULL OR EXISTS (
        SELECT FROM memberships m WHERE m.organization_id = o.id AND m.subject_id = :member
        AND coalesce(m.ends_at, 'infinity') > now()
    ))
    ORDER BY lower(name), id LIMIT :limit OFFSET :offset
    """  # noqa: S608
)
_OF_MEMBER = text("SELECT organization_id FROM memberships WHERE subject_id = :subject_id")
_ANCESTORS = text(
    """
    WITH RECURSIVE above (id, parent_id, level) AS (
        SELECT id, parent_id, 1 FROM organizations WHERE id = :id
        UNION ALL SELECT o.id, o.parent_id, level + 1 FROM organizations o JOIN above ON o.id = above.parent_id
        WHERE level < :most
    ) SELECT id FROM above ORDER BY level
    """
)
_REGISTERED = text(
    """
    SELECT EXISTS (
        SELECT FROM organizations WHERE registration_number = :number AND status <> 'closed'
        AND id IS DISTINCT FROM cast(:but AS uuid)
    )
    """
)
_WILDCARDS = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


class SqlOrganizationRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, organization_id: UUID) -> Organization | None:
        return await self._session.get(Organization, organization_id)

    async def lock(self, organization_id: UUID) -> Organization | None:
        query = select(Organization).where(organizations.c.id == organization_id).with_for_update(key_share=True)
        return (await self._session.scalars(query)).one_or_none()

    async def share(self, organization_id: UUID) -> Organization | None:
        query = select(Organization).where(organizations.c.id == organization_id).with_for_update(read=True)
        return (await self._session.scalars(query)).one_or_none()

    async def ancestors(self, organization_id: UUID, *, most: int) -> Sequence[UUID]:
        return (await self._session.scalars(_ANCESTORS, {"id": organization_id, "most": most})).all()

    async def has_registration(self, number: str, *, but: UUID | None = None) -> bool:
        await self._session.execute(LOCK_REGISTRATION, {"number": number})
        return bool(await self._session.scalar(_REGISTERED, {"number": number, "but": but}))

    def add(self, organization: Organization) -> None:
        self._session.add(organization)


class SqlOrganizationViews(SqlReads):
    async def organizations(self, page: PageRequest, wanted: OrganizationFilter) -> Page[OrganizationView]:
        found = await self._page(
            _ORGANIZATIONS,
            page,
            kind=wanted.kind,
            status=wanted.status,
            parent=wanted.parent_id,
            pattern=f"%{wanted.text.lower().translate(_WILDCARDS)}%" if wanted.text else None,
            text=wanted.text,
            member=wanted.member_id,
        )
        return found.map(lambda row: OrganizationView(*row[:-1]))

    async def organizations_of_member(self, subject_id: UUID) -> Collection[UUID]:
        return {row.organization_id for row in await self._rows(_OF_MEMBER, subject_id=subject_id)}

    async def organization(self, organization_id: UUID) -> OrganizationView | None:
        rows = await self._rows(_ORGANIZATION, id=organization_id)
        return OrganizationView(*rows[0]) if rows else None
