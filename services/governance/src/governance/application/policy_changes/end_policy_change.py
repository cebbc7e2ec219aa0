from dataclasses import dataclass
from uuid import UUID

from governance.application.policy_changes import audit
from governance.application.policy_changes.views import PolicyChangeView
from governance.application.ports.transaction import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class EndPolicyChange:
    """Reject a change that waits, or withdraw the caller's own. Raise NotFound or EndedPolicyChange."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, change_id: UUID, reason: str) -> PolicyChangeView:
        async with self.uow.begin(actor) as tx:
            change = await tx.policy_changes.lock(change_id)
            if change is None:
                raise NotFound(change_id=change_id)
            at = self.clock.now()
            with tx.change(audit.POLICY_CHANGE, change, "end", at=at, reason=reason):
                change.end(by=actor.subject_id, at=at, reason=reason)
            return PolicyChangeView.of(change)
