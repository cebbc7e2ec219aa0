from collections.abc import Collection
from dataclasses import dataclass

from governance.application.policy_bundles.publish_bundle import PublishBundle
from governance.application.ports.transaction import UnitOfWork
from governance.application.roles.definitions import lock_definitions
from governance.application.roles.views import RoleView, view_of
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class SetIncludedRoles:
    """Replace the roles that a role includes: its holders have the permissions of all of them. Publish the new policy bundle.

    Raises BeyondOwnPermissions, UnknownRole, RetiredRole, and what `LockedDefinitions.change` raises.
    """

    uow: UnitOfWork
    publish_bundle: PublishBundle
    clock: Clock

    async def __call__(self, *, actor: Actor, role_name: str, roles: Collection[str], version: int) -> RoleView:
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            locked = await lock_definitions(tx, actor)
            role = locked.find(role_name, version=version)
            role.require_active()
            included = locked.roles(roles)
            permitted = {name for each in included for name in locked.hierarchy.permission_names(each.name)}
            await locked.require_own(role, permitted, at=at)
            if set(roles) != set(role.included):
                async with locked.change(role, "set_included", at=at, publish=self.publish_bundle):
                    role.set_included(roles)
            return view_of(role, await tx.roles.hierarchy())
