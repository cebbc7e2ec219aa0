from collections.abc import Collection
from dataclasses import dataclass

from governance.application.own_authority import require_own_permissions
from governance.application.ports import Transaction, UnitOfWork
from governance.application.publish_bundle import PublishBundle
from governance.application.queries import RoleView
from governance.domain.errors import IndispensablePermission, UnknownPermission
from governance.domain.role import INDISPENSABLE, Role
from kernel.actor import Actor
from kernel.audit import AuditFact
from kernel.clock import Clock
from kernel.errors import NotFound, StaleVersion


@dataclass(frozen=True, slots=True)
class SetRolePermissions:
    """Give a role exactly these permissions, and publish the bundle that says so in the same transaction.

    Raises BeyondOwnPermissions when the role has, or would get, a permission that the actor lacks: nobody extends a role beyond
    their own permissions, nor weakens one that permits more. Raises IndispensablePermission when no person able to act would be
    left with a permission to manage roles or policies.
    """

    uow: UnitOfWork
    publish: PublishBundle
    clock: Clock

    async def __call__(self, *, actor: Actor, role_name: str, permissions: Collection[str], version: int) -> RoleView:
        async with self.uow.begin(actor) as tx:
            # One publisher at a time: a bundle compiled beside another change would lose it.
            latest = await tx.bundles.lock_latest()
            await tx.standings.guard()
            role = await tx.roles.lock(role_name)
            if not role:
                raise NotFound(role=role_name)
            if role.version != version:
                raise StaleVersion(field="If-Match", role=role_name, version=role.version)
            known = {permission.name: permission for permission in await tx.roles.permissions()}
            if unknown := sorted(set(permissions) - set(known)):
                raise UnknownPermission(field="permissions", unknown=unknown)
            before = role.permission_names
            await require_own_permissions(tx, actor, role_name, {*before, *permissions})
            if role.set_permissions(known[name] for name in permissions):
                await _require_kept(tx, role, before)
                tx.record(self._fact(role, before))
                await self.publish(tx, latest=latest, actor=actor)
            return RoleView(role.name, role.description, role.is_default, role.version, role.permission_names)

    def _fact(self, role: Role, before: tuple[str, ...]) -> AuditFact:
        return AuditFact(
            action="governance.role.set_permissions",
            resource_type="role",
            resource_id=role.name,
            occurred_at=self.clock.now(),
            before={"permissions": list(before), "version": role.version - 1},
            after={"permissions": list(role.permission_names), "version": role.version},
            related_ids=(f"role:{role.name}",),
        )


async def _require_kept(tx: Transaction, role: Role, before: tuple[str, ...]) -> None:
    for permission in sorted(INDISPENSABLE.intersection(before) - set(role.permission_names)):
        if not await tx.standings.somebody_able_has(permission):
            raise IndispensablePermission(role=role.name, permission=permission)
