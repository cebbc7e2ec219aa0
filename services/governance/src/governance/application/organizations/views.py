from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from governance.domain.organization import Organization, OrganizationKind, OrganizationStatus
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class OrganizationView:
    """`version` is compared with If-Match."""

    id: UUID
    kind: str
    name: str
    registration_number: str | None
    contact_email: str | None
    contact_phone: str | None
    parent_id: UUID | None
    created_by: str
    created_at: datetime
    status: str
    version: int

    @classmethod
    def of(cls, organization: Organization) -> "OrganizationView":
        return cls(**{name: getattr(organization, name) for name in cls.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationFilter:
    """What is None does not restrict. `text` is a part of the name, or the registration number.

    `member_id`: only those of this member.
    """

    kind: OrganizationKind | None = None
    status: OrganizationStatus | None = None
    parent_id: UUID | None = None
    text: str | None = None
    member_id: UUID | None = None


class OrganizationViews(Protocol):
    async def organizations_of_member(self, subject_id: UUID) -> Collection[UUID]:
        """Return the ids of the organizations of which a person is a member."""

    async def organizations(self, page: PageRequest, wanted: OrganizationFilter) -> Page[OrganizationView]:
        """Page through organizations, by name."""

    async def organization(self, organization_id: UUID) -> OrganizationView | None: ...
