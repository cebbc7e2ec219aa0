from dataclasses import dataclass

from governance.application.policy_bundles.publish_bundle import PublishBundle
from governance.application.ports.transaction import Transaction, UnitOfWork
from governance.application.roles.definitions import lock_definitions
from governance.application.roles.views import RoleView, view_of
from governance.domain.errors import RoleInRules
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class RetireRole:
    """Take a role out of use permanently. Its holders lose what it permits at once; retiring it again changes nothing.

    Its assignments stay listed, and permit nothing. Raises NotFound, ProtectedRole, RoleInRules, StaleVersion,
    BeyondOwnPermissions, and what `LockedDefinitions.change` raises.
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
                    await self._require_no_rule(tx, role_name)
            return view_of(role, await tx.roles.hierarchy())

    async def _require_no_rule(self, tx: Transaction, role_name: str) -> None:
        """Raise RoleInRules: a retired role is reached by nobody, so a rule or policy about it would concern nobody."""
        rules = [rule.name for rule in await tx.approval_rules.all() if rule.role == role_name and not rule.is_withdrawn]
        in_force = [
            (policy.name, self.publish_bundle.reader.read(version.cedar)) for policy, version in await tx.policies.in_force()
        ]
        policies = [name for name, reading in in_force if role_name in reading.roles]
        if rules or policies:
            raise RoleInRules(role=role_name, rules=sorted(rules), policies=sorted(policies))
