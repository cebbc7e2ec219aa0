from collections.abc import Collection
from dataclasses import dataclass

from governance.application.policy_bundles.publish_bundle import PublishBundle
from governance.application.ports.transaction import UnitOfWork
from governance.application.roles.definitions import lock_definitions
from governance.application.roles.views import RoleView, view_of
from governance.domain.role import Role
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import AlreadyExists


@dataclass(frozen=True, slots=True)
class CreateRole:
    """Create a role, and publish the new policy bundle. A name is used once, also after its role is retired.

    Raises AlreadyExists, UnknownPermission, UnknownRole, RetiredRole, BeyondOwnPermissions, and what `LockedDefinitions.change`
    raises.
    """

    uow: UnitOfWork
    publish_bundle: PublishBundle
    clock: Clock

    async def __call__(
        self,
        *,
        actor: Actor,
        name: str,
        title: str,
        description: str,
        permissions: Collection[str],
        includes: Collection[str],
        reason: str | None = None,
    ) -> RoleView:
        at = self.clock.now()
        role = Role.create(name, title=title, description=description)
        async with self.uow.begin(actor) as tx:
            locked = await lock_definitions(tx, actor)
            if locked.hierarchy.find(name):
                raise AlreadyExists(field="name", role=name)
            included = locked.roles(includes)
            own = await locked.permissions(permissions)
            permitted = {name for each in included for name in locked.hierarchy.permission_names(each.name)}
            await locked.require_own(role, {*permissions, *permitted}, at=at)
            async with locked.change(role, "create", at=at, publish=self.publish_bundle, reason=reason):
                role.permissions = own
                role.set_included(includes)
                role.version = 1
                tx.roles.add(role)
            return view_of(role, await tx.roles.hierarchy())
