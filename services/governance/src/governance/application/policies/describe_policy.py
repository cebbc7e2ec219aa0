from dataclasses import dataclass

from governance.application.policies import audit
from governance.application.policies.views import PolicyView, PolicyViews
from governance.application.ports.transaction import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound, StaleVersion


@dataclass(frozen=True, slots=True)
class DescribePolicy:
    """Change the description or the owner of a policy. None leaves one as it is."""

    uow: UnitOfWork
    views: PolicyViews
    clock: Clock

    async def __call__(self, *, actor: Actor, name: str, description: str | None, owner: str | None, revision: int) -> PolicyView:
        """Raise NotFound, StaleVersion or InvalidValue."""
        shown = await self.views.policy(name)
        async with self.uow.begin(actor) as tx:
            policy = await tx.policies.lock(name)
            if policy is None or shown is None:
                raise NotFound(policy=name)
            if policy.revision != revision:
                raise StaleVersion(field="If-Match", policy=name, version=policy.revision)
            with tx.change(audit.POLICY, policy, "describe", at=self.clock.now()):
                policy.describe(
                    description=policy.description if description is None else description,
                    owner=policy.owner if owner is None else owner,
                )
            return PolicyView.of(policy, sentence=shown.sentence)
