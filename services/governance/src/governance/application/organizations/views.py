from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID


class MembershipView(NamedTuple):
    organization_id: UUID
    subject_id: UUID


class MembershipViews(Protocol):
    async def organizations_of(self, subject_id: UUID, *, limit: int) -> Sequence[UUID]:
        """Return the organizations that a subject is a member of, in the order of joining."""

    async def existing(self, asked: Collection[MembershipView]) -> Collection[MembershipView]:
        """Return those of the memberships that exist now."""

    async def members(self, organization_id: UUID, *, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Return the members of an organization whose ids follow `after`, in the order of their ids."""
