from dataclasses import dataclass

from governance.application.policies import audit
from governance.application.policies.views import PolicyVersionView
from governance.application.policies.writing import PolicyDraft, WritePolicyText
from governance.application.ports.transaction import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound, StaleVersion


@dataclass(frozen=True, slots=True)
class AddPolicyVersion:
    """Write the next version of a policy. The version in force stays in force until a change is approved."""

    uow: UnitOfWork
    write: WritePolicyText
    clock: Clock

    async def __call__(
        self, *, actor: Actor, name: str, draft: PolicyDraft, revision: int | None, reason: str
    ) -> PolicyVersionView:
        """Raise NotFound, StaleVersion, or InvalidValues, which says where the text is wrong."""
        async with self.uow.begin(actor) as tx:
            text = await self.write(tx, draft)
            policy = await tx.policies.lock(name)
            if policy is None:
                raise NotFound(policy=name)
            if revision is not None and policy.revision != revision:
                raise StaleVersion(field="If-Match", policy=name, version=policy.revision)
            at = self.clock.now()
            version = policy.write(text, by=actor.subject_id, at=at)
            tx.policies.add_version(version)
            tx.create(audit.POLICY_VERSION, version, at=at, reason=reason)
            return PolicyVersionView.of(version)
