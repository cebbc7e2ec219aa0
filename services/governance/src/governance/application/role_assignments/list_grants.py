from dataclasses import dataclass

from governance.application.role_assignments.views import GrantsView, RoleAssignmentViews
from kernel.feeds import FeedPage


@dataclass(frozen=True, slots=True)
class ListGrants:
    """Return a page of the roles of all registered subjects, for another service's copy."""

    views: RoleAssignmentViews

    async def __call__(self, *, cursor: str, limit: int) -> FeedPage[GrantsView]:
        return await self.views.grants(cursor, limit=limit)
