from collections.abc import Sequence
from dataclasses import dataclass

from governance.application.policy_changes import audit
from governance.application.policy_changes.assessment import AssessChange
from governance.application.policy_changes.proposal import Propose
from governance.application.policy_changes.views import PolicyChangeView
from governance.application.ports.transaction import Transaction, UnitOfWork
from governance.domain.errors import GoldenDecisionsBroken
from governance.domain.policy import PolicyMode
from governance.domain.policy_bundle import PolicyBundle
from governance.domain.policy_change import PolicyChange, PolicyItem
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import InvalidValue, NotFound


@dataclass(frozen=True, slots=True)
class AskPolicyChange:
    """Ask that policies be put in force, shadowed or ended; or that they be as they were in an earlier bundle."""

    uow: UnitOfWork
    propose: Propose
    assess: AssessChange
    clock: Clock

    async def __call__(
        self, *, actor: Actor, reason: str, items: Sequence[PolicyItem] = (), as_in_bundle: int | None = None
    ) -> PolicyChangeView:
        """Raise NotFound for an unknown bundle, InvalidValues, GoldenDecisionsBroken, PolicyLocksOut or Unavailable."""
        async with self.uow.reading(actor) as tx:
            latest = await tx.bundles.lock_latest()
            if as_in_bundle is not None:
                items = await _back_to(tx, as_in_bundle, latest)
            # Before the work of a report.
            PolicyChange.ask(items, reason=reason, report={}, by=actor.subject_id, at=self.clock.now())
            proposal = await self.propose(tx, latest, items)
        report = await self.assess(proposal)
        if report.broken:
            raise GoldenDecisionsBroken(golden_decisions=report.broken)
        async with self.uow.begin(actor) as tx:
            at = self.clock.now()
            change = PolicyChange.ask(items, reason=reason, report=report.as_json(), by=actor.subject_id, at=at)
            tx.policy_changes.add(change)
            tx.create(audit.POLICY_CHANGE, change, "ask", at=at, reason=reason)
            return PolicyChangeView.of(change)


async def _back_to(tx: Transaction, version: int, latest: PolicyBundle | None) -> Sequence[PolicyItem]:
    """Return what differs from the policies of a bundle. Raise NotFound, or InvalidValue if nothing does."""
    bundle = await tx.bundles.find(version)
    if bundle is None:
        raise NotFound(bundle=version)
    then = {each.policy: PolicyItem(each.policy, each.version, each.mode) for each in bundle.bundled.values()}
    now = {each.policy: PolicyItem(each.policy, each.version, each.mode) for each in (latest.bundled.values() if latest else ())}
    ended = [PolicyItem(name, None, PolicyMode.OFF) for name in sorted(now.keys() - then.keys())]
    items = [*(then[name] for name in sorted(then) if then[name] != now.get(name)), *ended]
    if not items:
        raise InvalidValue(field="as_in_bundle", expected="a bundle with other policies in force", given=version)
    return items
