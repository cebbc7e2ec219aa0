from dataclasses import dataclass

from governance.application import facts
from governance.application.ports import PolicyChecker, Transaction, UnitOfWork
from governance.domain.policies import compile_policies
from governance.domain.policy_bundle import PolicyBundle
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class PublishBundle:
    """Compile roles and approval rules as they are within a transaction, and publish what differs from the bundle in force.

    The caller has called `lock_latest` and hands over what it returned.
    """

    checker: PolicyChecker
    clock: Clock

    async def __call__(self, tx: Transaction, *, latest: PolicyBundle | None, actor: Actor) -> PolicyBundle | None:
        compiled = compile_policies(await tx.roles.all(), await tx.roles.permissions(), await tx.approval_rules.all())
        self.checker.check(compiled)
        bundle = PolicyBundle.publish(compiled, previous=latest, by=actor.subject_id, at=self.clock.now())
        if bundle:
            tx.bundles.add(bundle)
            tx.record(facts.bundle_published(bundle, latest))
        return bundle


@dataclass(frozen=True, slots=True)
class EnsureBundle:
    """At start: publish when there is no bundle yet, or when this release compiles the same roles differently."""

    uow: UnitOfWork
    publish: PublishBundle

    async def __call__(self, *, actor: Actor) -> None:
        async with self.uow.begin(actor) as tx:
            await self.publish(tx, latest=await tx.bundles.lock_latest(), actor=actor)
