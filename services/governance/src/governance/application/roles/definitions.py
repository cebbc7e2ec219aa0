"""What every change of a role's definition observes, in one transaction."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from governance.application.policy_bundles.publish_bundle import PublishBundle
from governance.application.ports.transaction import Transaction
from governance.application.roles import audit
from governance.application.separations.duties import require_separate_duties_of_roles
from governance.application.standings.authority import require_own_permissions
from governance.domain.errors import IndispensablePermission, UnknownPermission, UnknownRole
from governance.domain.policy_bundle import PolicyBundle
from governance.domain.role import MANAGE_POLICIES, Permission, Role
from governance.domain.role_hierarchy import RoleHierarchy
from kernel.actor import Actor
from kernel.errors import NotFound, StaleVersion


@dataclass(frozen=True, slots=True)
class LockedDefinitions:
    """All roles, while no other transaction changes roles, assignments or policies. `latest` is the bundle in force."""

    tx: Transaction
    actor: Actor
    hierarchy: RoleHierarchy
    latest: PolicyBundle | None

    def find(self, name: str, *, version: int | None = None) -> Role:
        """Return a role. Raise NotFound, or StaleVersion unless it has this version."""
        role = self.hierarchy.find(name)
        if role is None:
            raise NotFound(role=name)
        if version is not None and role.version != version:
            raise StaleVersion(field="If-Match", role=name, version=role.version)
        return role

    def roles(self, names: Collection[str]) -> list[Role]:
        """Return roles that are in use. Raise UnknownRole or RetiredRole."""
        found = []
        for name in sorted(names):
            role = self.hierarchy.find(name)
            if role is None:
                raise UnknownRole(field="roles", role=name)
            role.require_active()
            found.append(role)
        return found

    async def permissions(self, names: Collection[str]) -> set[Permission]:
        """Return permissions. Raise UnknownPermission."""
        known = {permission.name: permission for permission in await self.tx.permissions.all()}
        if unknown := sorted(set(names) - set(known)):
            raise UnknownPermission(field="permissions", unknown=unknown)
        return {known[name] for name in names}

    async def require_own(self, role: Role, permissions: Collection[str] = (), *, at: datetime) -> None:
        """Raise BeyondOwnPermissions if the role has, or would get, a permission that the actor lacks.

        Nobody may extend a role beyond their own permissions, or weaken a role that permits more, also not through a role that it
        includes.
        """
        wanted = {*role.permission_names, *permissions}
        for name in self.hierarchy.containing(role.name):
            wanted |= self.hierarchy.permission_names(name)
        await require_own_permissions(self.tx, self.actor, role.name, wanted, at=at)

    @asynccontextmanager
    async def change(
        self, role: Role, verb: str, *, at: datetime, publish: PublishBundle, reason: str | None = None
    ) -> AsyncIterator[None]:
        """Record the block's change of a role and publish the bundle. `verb` "create" records a new role.

        Raise InclusionCycle, IndispensablePermission if nobody who is able to act would have some permission afterwards,
        DutiesNotSeparated if a role or a person would have both duties of a separation, or BeyondOwnPermissions if it would lift
        an approval rule for some role, or change whom a policy in force concerns, and the actor may not manage policies.
        """
        before = {role.name: frozenset[str]()}
        before |= {each: self.hierarchy.permission_names(each) for each in self.hierarchy.containing(role.name)}
        had = await self.tx.standings.permissions_of_able()
        ruled, named = await self._reaching_rules(self.hierarchy), await self._named_in_policies(self.hierarchy, publish)
        if verb == "create":
            yield
            self.tx.create(audit.ROLE, role, at=at, reason=reason)
        else:
            with self.tx.change(audit.ROLE, role, verb, at=at, reason=reason):
                yield
        # Before the changes are sent, so that the error names the path.
        self.hierarchy.require_no_cycle(role.name)
        hierarchy = await self.tx.roles.hierarchy()
        # Of any permission: nobody could add it to a role again.
        if lost := sorted(had - await self.tx.standings.permissions_of_able()):
            raise IndispensablePermission(role=role.name, permission=lost[0])
        is_lifted = ruled - await self._reaching_rules(hierarchy)
        if is_lifted or named != await self._named_in_policies(hierarchy, publish):
            # An approval rule about a role would not concern its holders by inclusion any more; or a policy, which may also
            # exempt a role, would concern others.
            await require_own_permissions(self.tx, self.actor, role.name, {MANAGE_POLICIES}, at=at)
        await require_separate_duties_of_roles(self.tx, hierarchy, before=before, at=at)
        await publish(tx=self.tx, latest=self.latest, actor=self.actor)

    async def _named_in_policies(self, hierarchy: RoleHierarchy, publish: PublishBundle) -> frozenset[tuple[str, str, str]]:
        """Return each policy in force, each role that it names, and the roles whose holders count as having that."""
        in_force = [(policy.name, publish.reader.read(version.cedar)) for policy, version in await self.tx.policies.in_force()]
        return frozenset(
            (name, named, role) for name, reading in in_force for named in reading.roles for role in hierarchy.containing(named)
        )

    async def _reaching_rules(self, hierarchy: RoleHierarchy) -> frozenset[tuple[str, str]]:
        """Return each approval rule in force with the roles whose holders it concerns."""
        rules = [rule for rule in await self.tx.approval_rules.all() if rule.role and not rule.is_withdrawn]
        return frozenset((rule.name, role) for rule in rules for role in hierarchy.containing(rule.role or ""))


async def lock_definitions(tx: Transaction, actor: Actor) -> LockedDefinitions:
    """Lock all roles, in the order of every change of roles."""
    # Allow one publisher at a time: a bundle that is compiled during another change would lose that change.
    latest = await tx.bundles.lock_latest()
    await tx.standings.guard()
    return LockedDefinitions(tx, actor, await tx.roles.hierarchy(), latest)
