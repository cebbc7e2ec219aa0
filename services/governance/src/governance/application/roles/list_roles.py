from collections.abc import Sequence
from dataclasses import dataclass

from governance.application.roles.views import RoleView, RoleViews


@dataclass(frozen=True, slots=True)
class ListRoles:
    views: RoleViews

    async def __call__(self) -> Sequence[RoleView]:
        return await self.views.roles()
