from collections.abc import Sequence
from dataclasses import dataclass

from governance.application.roles.views import RoleView, RoleViews


@dataclass(frozen=True, slots=True)
class ListRoles:
    """List the roles in use, or with `retired` also those that are not any more."""

    views: RoleViews

    async def __call__(self, *, retired: bool = False) -> Sequence[RoleView]:
        return await self.views.roles(retired=retired)
