from dataclasses import dataclass
from uuid import UUID

from governance.application.policies import audit as policy_audit
from governance.application.policy_bundles.publish_bundle import PublishBundle
from governance.application.policy_changes import audit
from governance.application.policy_changes.assessment import AssessChange
from governance.application.policy_changes.proposal import Proposal, Propose
from governance.application.policy_changes.views import PolicyChangeView
from governance.application.ports.transaction import Transaction, UnitOfWork
from governance.domain.errors import GoldenDecisionsBroken
from governance.domain.policy_bundle import PolicyBundle
from governance.domain.policy_change import PolicyChange
from governance.domain.policy_report import PolicyReport
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound, StaleVersion


@dataclass(frozen=True, slots=True)
class ApprovePolicyChange:
    """Approve a change that another person asked for: the policies are published in the same transaction.

    `bundle_version` is that of the report which the approver read. If roles or policies have changed since, it is refused.
    """

    uow: UnitOfWork
    publish_bundle: PublishBundle
    propose: Propose
    assess: AssessChange
    clock: Clock

    async def __call__(
        self, *, actor: Actor, change_id: UUID, bundle_version: int, reason: str | None = None
    ) -> PolicyChangeView:
        """Raise NotFound, EndedPolicyChange, OwnPolicyChange, StaleVersion, or what asking for it raises."""
        async with self.uow.reading(actor) as tx:
            latest = await tx.bundles.lock_latest()
            _, proposal = await self._locked(tx, latest, actor, change_id)
            _require_seen(latest, bundle_version)
        # Without locks: the decision log is asked, and hundreds of decisions are made.
        report = await self.assess(proposal)
        if report.broken:
            raise GoldenDecisionsBroken(golden_decisions=report.broken)
        async with self.uow.begin(actor) as tx:
            latest = await tx.bundles.lock_latest()
            _require_seen(latest, bundle_version)
            change, still = await self._locked(tx, latest, actor, change_id)
            # A golden decision may have been set since; with this lock held, no other is.
            if still.golden_versions != proposal.golden_versions and (broken := self.assess.broken(still)):
                raise GoldenDecisionsBroken(golden_decisions=broken)
            await self._put_in_force(tx, change, report, actor=actor, latest=latest, reason=reason)
            return PolicyChangeView.of(change)

    async def _locked(
        self, tx: Transaction, latest: PolicyBundle | None, actor: Actor, change_id: UUID
    ) -> tuple[PolicyChange, Proposal]:
        change = await tx.policy_changes.lock(change_id)
        if change is None:
            raise NotFound(change_id=change_id)
        change.require_open()
        proposal = await self.propose(tx, latest, change.items)
        change.require_approvable(by=actor.subject_id, authors=proposal.authors)
        return change, proposal

    async def _put_in_force(
        self,
        tx: Transaction,
        change: PolicyChange,
        report: PolicyReport,
        *,
        actor: Actor,
        latest: PolicyBundle | None,
        reason: str | None,
    ) -> None:
        at = self.clock.now()
        for item in change.items:
            policy = await tx.policies.lock(item.policy)
            if policy is None:
                raise NotFound(policy=item.policy)
            with tx.change(policy_audit.POLICY, policy, "put", at=at, reason=change.reason):
                policy.put(item.version, item.mode, at=at)
        bundle = await self.publish_bundle(tx=tx, latest=latest, actor=actor)
        published = bundle or latest
        with tx.change(audit.POLICY_CHANGE, change, "approve", at=at, reason=reason):
            change.approve(
                by=actor.subject_id,
                at=at,
                reason=reason,
                report=report.as_json(),
                bundle_version=published.version if published else 0,
            )


def _require_seen(latest: PolicyBundle | None, bundle_version: int) -> None:
    version = latest.version if latest else 0
    if version != bundle_version:
        raise StaleVersion(field="If-Match", version=version)
