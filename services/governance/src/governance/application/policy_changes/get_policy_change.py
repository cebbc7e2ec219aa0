from dataclasses import dataclass, replace
from uuid import UUID

from governance.application.policy_changes.assessment import AssessChange
from governance.application.policy_changes.proposal import Propose
from governance.application.policy_changes.views import PolicyChangeView, PolicyChangeViews
from governance.application.ports.transaction import UnitOfWork
from governance.domain.policy_change import PolicyChangeStatus
from kernel.actor import Actor
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetPolicyChange:
    """Get a change with its report. While it waits, the report is made again from the present roles and policies.

    The report names the bundle from which it was made. An approval must name the same one, so that nobody approves what they have
    not seen.
    """

    uow: UnitOfWork
    views: PolicyChangeViews
    propose: Propose
    assess: AssessChange

    async def __call__(self, *, actor: Actor, change_id: UUID) -> PolicyChangeView:
        """Raise NotFound; while it waits also InvalidValues if it has become impossible, PolicyLocksOut or Unavailable."""
        change = await self.views.change(change_id)
        if change is None:
            raise NotFound(change_id=change_id)
        if change.status is not PolicyChangeStatus.ASKED:
            return change
        async with self.uow.reading(actor) as tx:
            proposal = await self.propose(tx, await tx.bundles.lock_latest(), change.items)
        return replace(change, report=(await self.assess(proposal)).as_json())
