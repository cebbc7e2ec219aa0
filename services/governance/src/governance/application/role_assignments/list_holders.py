from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from governance.application.role_assignments.views import RoleAssignmentViews
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class ListHolders:
    """List who holds a role everywhere now, or some role with a permission, in the order of their ids.

    Holders of a role that includes the role are among them.

    Subjects that governance does not know yet hold the default role, but cannot be listed.
    """

    views: RoleAssignmentViews
    clock: Clock

    async def __call__(self, *, role: str | None, permission: str | None, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Give a role or a permission. Raise NotFound for an unknown one."""
        holders = await self.views.holders(role=role, permission=permission, at=self.clock.now(), after=after, limit=limit)
        if holders is None:
            raise NotFound(role=role, permission=permission)
        return holders
