from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from governance.application.members.views import MembershipViews


@dataclass(frozen=True, slots=True)
class ListMemberIds:
    """List the ids of the members of an organization in their order, for identity, which sends them notices."""

    views: MembershipViews

    async def __call__(self, *, organization_id: UUID, after: UUID | None, limit: int) -> Sequence[UUID]:
        return await self.views.member_ids(organization_id, after=after, limit=limit)
