from dataclasses import dataclass

from governance.application.approval_rules import audit
from governance.application.approval_rules.views import ApprovalRuleView
from governance.application.policy_bundles.publish_bundle import PublishBundle
from governance.application.ports.transaction import UnitOfWork
from governance.domain.approval_rule import ApprovalRule, ApprovalTerms
from governance.domain.errors import UnknownRole
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import AlreadyExists, StaleVersion


@dataclass(frozen=True, slots=True)
class SetApprovalRule:
    """Put a rule in force and publish its policy bundle, in one transaction.

    `version` is the version to replace. None creates a rule, and raises AlreadyExists if a rule of this name is in force.
    """

    uow: UnitOfWork
    publish_bundle: PublishBundle
    clock: Clock

    async def __call__(
        self, *, actor: Actor, name: str, terms: ApprovalTerms, version: int | None, reason: str
    ) -> ApprovalRuleView:
        async with self.uow.begin(actor) as tx:
            # Allow one publisher at a time. This also prevents two requests from creating the same rule.
            latest = await tx.bundles.lock_latest()
            if terms.role and not await tx.roles.find(terms.role):
                raise UnknownRole(field="role", role=terms.role)
            rule = await tx.approval_rules.find(name)
            at = self.clock.now()
            if rule is None:
                if version is not None:
                    raise StaleVersion(field="If-Match", approval_rule=name)
                rule = ApprovalRule.make(name, terms)
                tx.approval_rules.add(rule)
                tx.create(audit.APPROVAL_RULE, rule, "set", at=at, reason=reason)
            else:
                _require_version(rule, version)
                if rule.is_in_force_with(terms):
                    return ApprovalRuleView.of(rule)
                with tx.change(audit.APPROVAL_RULE, rule, "set", at=at, reason=reason):
                    rule.change(terms)
            await self.publish_bundle(tx=tx, latest=latest, actor=actor)
            return ApprovalRuleView.of(rule)


def _require_version(rule: ApprovalRule, version: int | None) -> None:
    if version is None and not rule.is_withdrawn:
        raise AlreadyExists(field="name", approval_rule=rule.name, version=rule.version)
    if version is not None and rule.version != version:
        raise StaleVersion(field="If-Match", approval_rule=rule.name, version=rule.version)
