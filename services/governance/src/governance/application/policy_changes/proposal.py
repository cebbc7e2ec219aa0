"""A proposed change of policies, as the present roles and policies make it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from governance.application.policy_bundles.publish_bundle import PublishBundle
from governance.application.ports.transaction import Transaction
from governance.domain.golden_decision import GoldenDecision
from governance.domain.policies import CompiledPolicies, PolicyInForce, schema_of_everything
from governance.domain.policy import PolicyMode
from governance.domain.policy_bundle import PolicyBundle
from governance.domain.policy_change import PolicyItem
from governance.domain.policy_reading import PolicyReading
from governance.domain.role_hierarchy import RoleHierarchy
from kernel.errors import Fault, InvalidValues


@dataclass(frozen=True, slots=True)
class Proposal:
    """`before` and `after` are all policies; those in shadow are enforced in neither. `authors` wrote the proposed versions."""

    bundle_version: int
    before: CompiledPolicies
    after: CompiledPolicies
    # As if what goes into shadow were enforced: people see what enforcing it would do. What was enforced until now is not: this
    # change lifts it.
    as_if_enforced: CompiledPolicies
    readings: tuple[PolicyReading, ...]
    hierarchy: RoleHierarchy
    golden: Sequence[GoldenDecision]
    authors: frozenset[str]

    @property
    def golden_versions(self) -> frozenset[tuple[str, int]]:
        return frozenset((each.name, each.version) for each in self.golden)


@dataclass(frozen=True, slots=True)
class Propose:
    """Read what a change would do, in a transaction that holds the lock of publishers."""

    publish_bundle: PublishBundle

    async def __call__(self, tx: Transaction, latest: PolicyBundle | None, items: Sequence[PolicyItem]) -> Proposal:
        """Raise InvalidValues, which names the item that cannot be or changes nothing."""
        publish = self.publish_bundle
        present = {policy.name: publish.read(version, policy.mode) for policy, version in await tx.policies.in_force()}
        wanted = await self._wanted(tx, present, items)
        changed = {item.policy for item in items}
        after = {name: each for name, each in {**present, **wanted}.items() if each.mode is not PolicyMode.OFF}
        lifted = {name for name in changed if name in present and present[name].mode is PolicyMode.ENFORCED}
        lifted -= {name for name, each in after.items() if each.mode is PolicyMode.ENFORCED}
        enforced = [
            PolicyInForce(each.version, PolicyMode.ENFORCED, each.reading)
            for name, each in after.items()
            if name in changed - lifted
        ]
        others = [each for name, each in after.items() if name not in changed]
        readings = [each.reading for each in (*present.values(), *wanted.values()) if each.version.policy in changed]
        return Proposal(
            bundle_version=latest.version if latest else 0,
            before=await publish.compile(tx, list(present.values())),
            after=await publish.compile(tx, list(after.values())),
            as_if_enforced=await publish.compile(tx, [*others, *enforced]),
            readings=tuple(readings),
            hierarchy=await tx.roles.hierarchy(),
            golden=await tx.golden_decisions.all(),
            authors=frozenset(each.version.created_by for each in wanted.values()),
        )

    async def _wanted(
        self, tx: Transaction, present: Mapping[str, PolicyInForce], items: Sequence[PolicyItem]
    ) -> Mapping[str, PolicyInForce]:
        """Read the versions that are proposed; one that ends is there with the version that it has now, and OFF."""
        permissions = await tx.permissions.all()
        schema = schema_of_everything(permissions, self.publish_bundle.vocabulary)
        actions = frozenset(permission.name for permission in permissions)
        roles = frozenset(role.name for role in await tx.roles.all() if not role.is_retired)
        found: dict[str, PolicyInForce] = {}
        faults: list[Fault] = []
        for number, item in enumerate(items):
            place = f"items.{number}"
            now = present.get(item.policy)
            if item.version is None:
                if now is None:
                    faults.append(Fault(place, f"The policy {item.policy} is not in force, or does not exist."))
                else:
                    found[item.policy] = PolicyInForce(now.version, PolicyMode.OFF, now.reading)
                continue
            version = await tx.policies.version(item.policy, item.version)
            if version is None:
                faults.append(Fault(place, f"The policy {item.policy} has no version {item.version}."))
                continue
            if now and (now.version.number, now.mode) == (item.version, item.mode):
                faults.append(Fault(place, f"Version {item.version} of {item.policy} is in force so already."))
                continue
            each = self.publish_bundle.read(version, item.mode)
            faults += each.reading.faults(self.publish_bundle.vocabulary, actions=actions, roles=roles, place=place)
            faults += [Fault(place, f"{error}.") for error in self.publish_bundle.checker.errors(version.cedar, schema)]
            found[item.policy] = each
        if faults:
            raise InvalidValues(faults)
        return found
