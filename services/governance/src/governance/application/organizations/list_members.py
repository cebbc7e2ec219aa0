from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from governance.application.organizations.views import MembershipViews


@dataclass(frozen=True, slots=True)
class ListMembers:
    """List the members of an organization in the order of their ids, for identity, which sends them notices."""

    views: MembershipViews

    async def __call__(self, *, organization_id: UUID, after: UUID | None, limit: int) -> Sequence[UUID]:
        return await self.views.members(organization_id, after=after, limit=limit)
