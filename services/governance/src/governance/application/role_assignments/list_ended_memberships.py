from collections.abc import Sequence
from dataclasses import dataclass

from governance.application.role_assignments.views import EndedMembershipView, LimitedRoleViews


@dataclass(frozen=True, slots=True)
class ListEndedMemberships:
    """List the memberships that ended in the last twenty minutes, for processes that may have missed the events."""

    limited: LimitedRoleViews

    async def __call__(self) -> Sequence[EndedMembershipView]:
        return await self.limited.ended_memberships()
