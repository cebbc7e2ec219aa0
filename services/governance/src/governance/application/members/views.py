from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from kernel.pages import Page, PageRequest


class MembershipView(NamedTuple):
    organization_id: UUID
    subject_id: UUID


@dataclass(frozen=True, slots=True)
class MemberView:
    """`roles` are those for the organization as a whole, without dates. `version` is compared with If-Match."""

    organization_id: UUID
    subject_id: UUID
    joined_at: datetime
    ends_at: datetime | None
    manager_id: UUID | None
    version: int
    roles: tuple[str, ...]


class MembershipViews(Protocol):
    """Nobody is a member whose membership has ended, or of an organization that is not active."""

    async def organizations_of(self, subject_id: UUID, *, limit: int) -> Sequence[UUID]:
        """Return the organizations that a subject is a member of, in the order of joining."""

    async def existing(self, asked: Collection[MembershipView]) -> Collection[MembershipView]:
        """Return those of the memberships that exist now."""

    async def member_ids(self, organization_id: UUID, *, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Return the members of an organization whose ids follow `after`, in the order of their ids."""

    async def members(self, organization_id: UUID, page: PageRequest, *, manager_id: UUID | None) -> Page[MemberView]:
        """Page through the members of an organization, or those who report to a manager, in the order of joining."""

    async def member(self, organization_id: UUID, subject_id: UUID) -> MemberView | None: ...

    async def ended(self, at: datetime, *, limit: int) -> Sequence[MembershipView]:
        """Return memberships whose end has come."""
