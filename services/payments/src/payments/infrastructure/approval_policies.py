"""Governance's approval rules from the policy bundle of this process."""

import json
from collections.abc import Sequence
from datetime import timedelta
from decimal import ROUND_FLOOR, Decimal
from uuid import UUID

import cedarpy

from chassis.policies import Bundle, Policies, Resource
from kernel.actor import Actor, ActorKind
from kernel.errors import Unavailable
from payments.domain.approval import ApprovalQuestion, ApprovalRule, ApprovalRules
from payments.infrastructure.cedar_decimals import cedar_decimal

# Governance compiles each rule into a forbid of this action.
SETTLE_ALONE = "payment:settle-alone"


class BundledApprovals:
    """Cedar decides. The rules' annotations show for which transfers it need not be evaluated."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._bundle: Bundle | None = None
        self._rules = ApprovalRules()
        self._named: frozenset[str] = frozenset()

    def approvals(self) -> ApprovalRules:
        """Return the rules of the current bundle. Raise Unavailable before the first one."""
        bundle = self._policies.bundle
        if bundle is None:
            raise Unavailable(dependency="governance", reason="no policy bundle yet")
        if bundle is not self._bundle:
            self._named, rules = _rules(bundle.policies)
            self._rules = ApprovalRules.of(rules, self._judge)
            self._bundle = bundle
        return self._rules

    def _judge(self, question: ApprovalQuestion) -> bool:
        payer = Actor(kind=ActorKind.USER, subject_id=str(question.initiator_id), roles=question.roles)
        # Down: no threshold has more decimals than Cedar, so a sum below one stays below.
        amount = cedar_decimal(question.amount, rounding=ROUND_FLOOR)
        context: dict[str, object] = {
            "amount": {"__extn": {"fn": "decimal", "arg": amount}},
            "currency": question.currency,
            "kind": question.kind,
            "counterparties": sorted(str(counterparty) for counterparty in question.counterparties),
        }
        if question.rule in self._named:
            context["rule"] = question.rule
        return not self._policies.allows(payer, SETTLE_ALONE, _transfer_of(question.organization_id), context)


def _transfer_of(organization_id: UUID | None) -> Resource:
    attributes = {"organization": str(organization_id)} if organization_id else {}
    return Resource("transfer", "new", attributes)


def _rules(policies: str) -> tuple[frozenset[str], Sequence[ApprovalRule]]:
    """Read what each rule sums, and which rules can be evaluated by name: those of an older governance cannot."""
    named: set[str] = set()
    rules: list[ApprovalRule] = []
    for policy in json.loads(cedarpy.policies_to_json_str(policies))["staticPolicies"].values():
        annotations = policy.get("annotations", {})
        if "threshold" not in annotations:
            continue
        name = annotations.get("rule") or annotations["id"]
        if "rule" in annotations:
            named.add(name)
        rules.append(
            ApprovalRule(
                name=name,
                currency=annotations["currency"],
                threshold=Decimal(annotations["threshold"]),
                kinds=frozenset(filter(None, annotations.get("kinds", "").split(","))),
                counterparty=UUID(annotations["counterparty"]) if "counterparty" in annotations else None,
                window=timedelta(hours=int(annotations["window"].removesuffix("h"))) if "window" in annotations else None,
            )
        )
    return frozenset(named), rules
