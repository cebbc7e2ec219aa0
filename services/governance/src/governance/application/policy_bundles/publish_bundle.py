from collections.abc import Sequence
from dataclasses import dataclass

from governance.application.policy_bundles import audit
from governance.application.ports.policies import PolicyReader
from governance.application.ports.policy_bundles import PolicyChecker
from governance.application.ports.transaction import Transaction
from governance.domain.policies import CompiledPolicies, PolicyInForce, compile_policies
from governance.domain.policy import PolicyMode, PolicyVersion
from governance.domain.policy_bundle import PolicyBundle
from governance.domain.vocabulary import Vocabulary
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class PublishBundle:
    """Compile roles, approval rules and policies as a transaction has them, and publish what differs from the bundle in force.

    The caller must have called `lock_latest` and pass its result as `latest`.
    """

    checker: PolicyChecker
    reader: PolicyReader
    vocabulary: Vocabulary
    clock: Clock

    async def __call__(self, *, tx: Transaction, latest: PolicyBundle | None, actor: Actor) -> PolicyBundle | None:
        in_force = [self.read(version, policy.mode) for policy, version in await tx.policies.in_force()]
        compiled = await self.compile(tx, in_force)
        self.checker.check(compiled)
        at = self.clock.now()
        bundle = PolicyBundle.publish(compiled, previous=latest, by=actor.subject_id, at=at, policies=in_force)
        if bundle:
            tx.bundles.add(bundle)
            tx.record(audit.bundle_published(bundle, latest))
        return bundle

    async def compile(self, tx: Transaction, policies: Sequence[PolicyInForce]) -> CompiledPolicies:
        """Compile these policies with the roles and approval rules of a transaction."""
        roles, permissions = await tx.roles.all(), await tx.permissions.all()
        return compile_policies(roles, permissions, await tx.approval_rules.all(), policies, self.vocabulary)

    def read(self, version: PolicyVersion, mode: PolicyMode) -> PolicyInForce:
        return PolicyInForce(version, mode, self.reader.read(version.cedar))
