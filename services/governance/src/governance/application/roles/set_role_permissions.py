from collections.abc import Collection
from dataclasses import dataclass

from governance.application.policy_bundles.publish_bundle import PublishBundle
from governance.application.ports.transaction import UnitOfWork
from governance.application.roles.definitions import lock_definitions
from governance.application.roles.views import RoleView, view_of
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class SetRolePermissions:
    """Replace the permissions of a role and publish the new policy bundle, in one transaction.

    Raises BeyondOwnPermissions, RetiredRole, and what `LockedDefinitions.change` raises.
    """

    uow: UnitOfWork
    publish_bundle: PublishBundle
    clock: Clock

    async def __call__(self, *, actor: Actor, role_name: str, permissions: Collection[str], version: int) -> RoleView:
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            locked = await lock_definitions(tx, actor)
            role = locked.find(role_name, version=version)
            wanted = await locked.permissions(permissions)
            await locked.require_own(role, permissions, at=at)
            role.require_active()
            if wanted != role.permissions:
                async with locked.change(role, "set_permissions", at=at, publish=self.publish_bundle):
                    role.set_permissions(wanted)
            return view_of(role, await tx.roles.hierarchy())
