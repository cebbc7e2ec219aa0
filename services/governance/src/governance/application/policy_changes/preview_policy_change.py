from collections.abc import Sequence
from dataclasses import dataclass

from governance.application.policy_changes.assessment import AssessChange
from governance.application.policy_changes.proposal import Propose
from governance.application.ports.transaction import UnitOfWork
from governance.domain.policy_change import PolicyItem, require_items
from governance.domain.policy_report import PolicyReport
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class PreviewPolicyChange:
    """Report what a change would do: who loses and gains what, and which golden and recorded decisions differ."""

    uow: UnitOfWork
    propose: Propose
    assess: AssessChange

    async def __call__(self, *, actor: Actor, items: Sequence[PolicyItem]) -> PolicyReport:
        """Raise InvalidValue, InvalidValues, PolicyLocksOut, or Unavailable if the decision log does not answer."""
        require_items(items)
        async with self.uow.reading(actor) as tx:
            proposal = await self.propose(tx, await tx.bundles.lock_latest(), items)
        return await self.assess(proposal)
