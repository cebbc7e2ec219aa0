from dataclasses import dataclass

from governance.application.roles.views import RoleView, RoleViews
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetRole:
    views: RoleViews

    async def __call__(self, *, name: str) -> RoleView:
        """Raise NotFound."""
        if role := await self.views.role(name):
            return role
        raise NotFound(role=name)
