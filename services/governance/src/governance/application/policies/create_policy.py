from dataclasses import dataclass

from governance.application.policies import audit
from governance.application.policies.views import PolicyView
from governance.application.policies.writing import PolicyDraft, WritePolicyText
from governance.application.ports.transaction import UnitOfWork
from governance.domain.policy import Policy
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import AlreadyExists


@dataclass(frozen=True, slots=True)
class CreatePolicy:
    """Create a policy with its first version. It is not in force: a change puts it in force, which another person approves."""

    uow: UnitOfWork
    write: WritePolicyText
    clock: Clock

    async def __call__(
        self, *, actor: Actor, name: str, description: str, owner: str, draft: PolicyDraft, reason: str
    ) -> PolicyView:
        """Raise AlreadyExists, or InvalidValue or InvalidValues, which say where it is wrong."""
        async with self.uow.begin(actor) as tx:
            at, by = self.clock.now(), actor.subject_id
            policy = Policy.make(name, description=description, owner=owner, by=by, at=at)
            text = await self.write(tx, draft)
            # Allow one publisher at a time. This also prevents two requests from creating the same policy.
            await tx.bundles.lock_latest()
            if await tx.policies.find(name):
                raise AlreadyExists(field="name", policy=name)
            version = policy.write(text, by=by, at=at)
            tx.policies.add(policy)
            tx.policies.add_version(version)
            tx.create(audit.POLICY, policy, at=at, reason=reason)
            tx.create(audit.POLICY_VERSION, version, at=at, reason=reason)
            return PolicyView.of(policy, sentence=version.sentence)
