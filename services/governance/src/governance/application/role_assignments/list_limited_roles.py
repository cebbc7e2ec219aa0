from dataclasses import dataclass

from governance.application.role_assignments.views import LimitedRolesView, LimitedRoleViews
from kernel.feeds import FeedPage


@dataclass(frozen=True, slots=True)
class ListLimitedRoles:
    """Return a page of the limited roles of all subjects, for the copies of serving processes."""

    limited: LimitedRoleViews

    async def __call__(self, *, cursor: str, limit: int) -> FeedPage[LimitedRolesView]:
        return await self.limited.page(cursor, limit=limit)
