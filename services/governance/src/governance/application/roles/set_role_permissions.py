from collections.abc import Collection
from dataclasses import dataclass

from governance.application.policies.publish_bundle import PublishBundle
from governance.application.ports.transaction import Transaction, UnitOfWork
from governance.application.roles import audit
from governance.application.roles.views import RoleView
from governance.application.standings.authority import require_own_permissions
from governance.domain.errors import IndispensablePermission, UnknownPermission
from governance.domain.role import INDISPENSABLE, Permission, Role
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound, StaleVersion


@dataclass(frozen=True, slots=True)
class SetRolePermissions:
    """Replace the permissions of a role and publish the new policy bundle, in one transaction.

    Raises BeyondOwnPermissions if the role has, or would get, a permission that the actor lacks: nobody may extend a role beyond
    their own permissions, or weaken a role that permits more. Raises IndispensablePermission if nobody who is able to act would
    have the permission to manage roles or policies afterwards.
    """

    uow: UnitOfWork
    publish_bundle: PublishBundle
    clock: Clock

    async def __call__(self, *, actor: Actor, role_name: str, permissions: Collection[str], version: int) -> RoleView:
        async with self.uow.begin(actor) as tx:
            # Allow one publisher at a time: a bundle that is compiled during another change would lose that change.
            latest = await tx.bundles.lock_latest()
            await tx.standings.guard()
            role = await tx.roles.lock(role_name)
            if not role:
                raise NotFound(role=role_name)
            if role.version != version:
                raise StaleVersion(field="If-Match", role=role_name, version=role.version)
            wanted = await _known(tx, permissions)
            before = role.permission_names
            await require_own_permissions(tx, actor, role_name, {*before, *permissions})
            if wanted != role.permissions:
                with tx.change(audit.ROLE, role, "set_permissions", at=self.clock.now()):
                    role.set_permissions(wanted)
                    await _require_indispensable(tx, role, before)
                await self.publish_bundle(tx=tx, latest=latest, actor=actor)
            return RoleView(role.name, role.description, role.is_default, role.version, role.permission_names)


async def _known(tx: Transaction, names: Collection[str]) -> set[Permission]:
    known = {permission.name: permission for permission in await tx.permissions.all()}
    if unknown := sorted(set(names) - set(known)):
        raise UnknownPermission(field="permissions", unknown=unknown)
    return {known[name] for name in names}


async def _require_indispensable(tx: Transaction, role: Role, before: tuple[str, ...]) -> None:
    for permission in sorted(INDISPENSABLE.intersection(before) - set(role.permission_names)):
        if not await tx.standings.somebody_able_has(permission):
            raise IndispensablePermission(role=role.name, permission=permission)
