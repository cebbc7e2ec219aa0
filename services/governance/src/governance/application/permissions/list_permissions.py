from collections.abc import Sequence
from dataclasses import dataclass

from governance.application.permissions.views import PermissionView, PermissionViews


@dataclass(frozen=True, slots=True)
class ListPermissions:
    views: PermissionViews

    async def __call__(self) -> Sequence[PermissionView]:
        return await self.views.permissions()
