from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from governance.application.role_assignments.views import LimitedRoleViews


@dataclass(frozen=True, slots=True)
class ListInactiveOrganizations:
    """List the organizations whose limited roles are not in force, for the copies of serving processes."""

    limited: LimitedRoleViews

    async def __call__(self) -> Sequence[UUID]:
        return await self.limited.inactive_organizations()
