from dataclasses import dataclass

from governance.application.policies.publish_bundle import PublishBundle
from governance.application.ports.transaction import UnitOfWork
from governance.application.roles.definitions import lock_definitions
from governance.application.roles.views import RoleView, view_of
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class RetireRole:
    """Take a role out of use permanently. Its holders lose what it permits at once; retiring it again changes nothing.

    Its assignments stay listed, and permit nothing. Raises NotFound, ProtectedRole, StaleVersion, BeyondOwnPermissions, and what
    `LockedDefinitions.change` raises.
    """

    uow: UnitOfWork
    publish_bundle: PublishBundle
    clock: Clock

    async def __call__(self, *, actor: Actor, role_name: str, version: int | None, reason: str) -> RoleView:
        at = self.clock.now()
        async with self.uow.begin(actor) as tx:
            locked = await lock_definitions(tx, actor)
            role = locked.find(role_name, version=None)
            if not role.is_retired:
                locked.find(role_name, version=version)
                await locked.require_own(role, at=at)
                async with locked.change(role, "retire", at=at, publish=self.publish_bundle, reason=reason):
                    role.retire(at=at)
            return view_of(role, await tx.roles.hierarchy())
