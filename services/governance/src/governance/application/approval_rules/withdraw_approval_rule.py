from dataclasses import dataclass

from governance.application.approval_rules import audit
from governance.application.approval_rules.views import ApprovalRuleView
from governance.application.policy_bundles.publish_bundle import PublishBundle
from governance.application.ports.transaction import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound, StaleVersion


@dataclass(frozen=True, slots=True)
class WithdrawApprovalRule:
    """Withdraw a rule: the given version, or any if None. Withdrawing a withdrawn rule changes nothing."""

    uow: UnitOfWork
    publish_bundle: PublishBundle
    clock: Clock

    async def __call__(self, *, actor: Actor, name: str, version: int | None, reason: str) -> ApprovalRuleView:
        """Raise NotFound or StaleVersion."""
        async with self.uow.begin(actor) as tx:
            latest = await tx.bundles.lock_latest()
            rule = await tx.approval_rules.find(name)
            if not rule:
                raise NotFound(approval_rule=name)
            if not rule.is_withdrawn:
                if version is not None and rule.version != version:
                    raise StaleVersion(field="If-Match", approval_rule=name, version=rule.version)
                with tx.change(audit.APPROVAL_RULE, rule, "withdraw", at=self.clock.now(), reason=reason):
                    rule.withdraw()
                await self.publish_bundle(tx=tx, latest=latest, actor=actor)
            return ApprovalRuleView.of(rule)
