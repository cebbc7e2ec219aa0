from dataclasses import dataclass

from governance.application.ports.transaction import UnitOfWork
from governance.application.roles import audit
from governance.application.roles.definitions import lock_definitions
from governance.application.roles.views import RoleView, view_of
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class DescribeRole:
    """Change the title and the description of a role. None leaves one as it is."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(
        self, *, actor: Actor, role_name: str, title: str | None, description: str | None, version: int
    ) -> RoleView:
        """Raise NotFound, StaleVersion, RetiredRole, InvalidValue, or BeyondOwnPermissions for a role that permits more."""
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            locked = await lock_definitions(tx, actor)
            role = locked.find(role_name, version=version)
            # A misleading title makes people grant what they do not mean to.
            await locked.require_own(role, at=at)
            wanted = (role.title if title is None else title, role.description if description is None else description)
            if wanted != (role.title, role.description):
                with tx.change(audit.ROLE, role, "describe", at=at):
                    role.describe(title=wanted[0], description=wanted[1])
            return view_of(role, locked.hierarchy)
