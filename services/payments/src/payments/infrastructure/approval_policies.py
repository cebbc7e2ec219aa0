"""Governance's approval rules as this process has them in its policy bundle."""

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

# Governance compiles each rule into a forbid of it.
SETTLE_ALONE = "payment:settle-alone"
# Cedar's decimal has four digits after the point. No threshold has more, so what is below one stays below when cut.
_CEDAR_QUANTUM = Decimal("0.0001")
# And it ends where 64 bits do: a sum beyond is above every threshold, for none is as large.
_CEDAR_MOST = Decimal("922337203685477.5807")
_TRANSFER = Resource("transfer", "new")


class BundledApprovals:
    """Cedar decides; the rules' annotations tell which transfers need not be asked about at all."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._bundle: Bundle | None = None
        self._rules = ApprovalRules()
        self._named: frozenset[str] = frozenset()

    def approvals(self) -> ApprovalRules:
        """Return the rules of the bundle in force; raises Unavailable before the first one."""
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
        amount = min(question.amount, _CEDAR_MOST).quantize(_CEDAR_QUANTUM, rounding=ROUND_FLOOR)
        context: dict[str, object] = {
            "amount": {"__extn": {"fn": "decimal", "arg": f"{amount:f}"}},
            "currency": question.currency,
            "kind": question.kind,
            "counterparties": sorted(str(counterparty) for counterparty in question.counterparties),
        }
        if question.rule in self._named:
            context["rule"] = question.rule
        return not self._policies.allows(payer, SETTLE_ALONE, _TRANSFER, context)


def _rules(policies: str) -> tuple[frozenset[str], Sequence[ApprovalRule]]:
    """Read what each rule adds up, and which of them answer to their name: those of an older governance do not."""
    named: set[str] = set()
    rules: list[ApprovalRule] = []
    for policy in json.loads(cedarpy.policies_to_json_str(policies))["staticPolicies"].values():
        told = policy.get("annotations", {})
        if "threshold" not in told:
            continue
        name = told.get("rule") or told["id"]
        if "rule" in told:
            named.add(name)
        rules.append(
            ApprovalRule(
                name=name,
                currency=told["currency"],
                threshold=Decimal(told["threshold"]),
                kinds=frozenset(filter(None, told.get("kinds", "").split(","))),
                counterparty=UUID(told["counterparty"]) if "counterparty" in told else None,
                window=timedelta(hours=int(told["window"].removesuffix("h"))) if "window" in told else None,
            )
        )
    return frozenset(named), rules
