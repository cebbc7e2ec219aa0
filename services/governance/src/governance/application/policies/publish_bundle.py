from dataclasses import dataclass

from governance.application.policies import audit
from governance.application.ports.policies import PolicyChecker
from governance.application.ports.transaction import Transaction
from governance.domain.policies import compile_policies
from governance.domain.policy_bundle import PolicyBundle
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class PublishBundle:
    """Compile the roles and approval rules of a transaction, and publish the result if it differs from the bundle in force.

    The caller must have called `lock_latest` and pass its result as `latest`.
    """

    checker: PolicyChecker
    clock: Clock

    async def __call__(self, *, tx: Transaction, latest: PolicyBundle | None, actor: Actor) -> PolicyBundle | None:
        compiled = compile_policies(await tx.roles.all(), await tx.permissions.all(), await tx.approval_rules.all())
        self.checker.check(compiled)
        bundle = PolicyBundle.publish(compiled, previous=latest, by=actor.subject_id, at=self.clock.now())
        if bundle:
            tx.bundles.add(bundle)
            tx.record(audit.bundle_published(bundle, latest))
        return bundle
