from dataclasses import dataclass

from governance.application import facts
from governance.application.ports import UnitOfWork
from governance.application.publish_bundle import PublishBundle
from governance.application.queries import ApprovalRuleView
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound, StaleVersion


@dataclass(frozen=True, slots=True)
class WithdrawApprovalRule:
    """Take a rule out of force; withdrawing it again changes nothing. Any version, or the one that is named."""

    uow: UnitOfWork
    publish: PublishBundle
    clock: Clock

    async def __call__(self, *, actor: Actor, name: str, version: int | None, reason: str) -> ApprovalRuleView:
        async with self.uow.begin(actor) as tx:
            latest = await tx.bundles.lock_latest()
            rule = await tx.approval_rules.find(name)
            if not rule:
                raise NotFound(approval_rule=name)
            if version is not None and not rule.is_withdrawn and rule.version != version:
                raise StaleVersion(field="If-Match", approval_rule=name, version=rule.version)
            before = facts.rule_state(rule)
            if rule.withdraw():
                tx.record(facts.rule_changed("withdraw", rule, before, at=self.clock.now(), reason=reason))
                await self.publish(tx, latest=latest, actor=actor)
            return ApprovalRuleView.of(rule)
