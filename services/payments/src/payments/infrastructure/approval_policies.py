"""Governance's approval rules as this process has them in its policy bundle."""

import json
from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal
from uuid import UUID

import cedarpy

from chassis.policies import Bundle, Policies, Resource
from kernel.actor import Actor, ActorKind
from kernel.errors import Unavailable
from payments.domain.approval import ApprovalQuestion, ApprovalRules

# Governance compiles each rule into a forbid of it.
SETTLE_ALONE = "payment:settle-alone"
# Cedar's decimal has four digits after the point. No threshold has more, so what is below one stays below when cut.
_CEDAR_QUANTUM = Decimal("0.0001")
_TRANSFER = Resource("transfer", "new")


class BundledApprovals:
    """Cedar decides; the rules' annotations tell which transfers need not be asked about at all."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._bundle: Bundle | None = None
        self._rules = ApprovalRules()

    def approvals(self) -> ApprovalRules:
        """Return the rules of the bundle in force; raises Unavailable before the first one."""
        bundle = self._policies.bundle
        if bundle is None:
            raise Unavailable(dependency="governance", reason="no policy bundle yet")
        if bundle is not self._bundle:
            floors, watched = _floors(bundle.policies)
            self._rules = ApprovalRules(floors, watched, self._judge)
            self._bundle = bundle
        return self._rules

    def _judge(self, question: ApprovalQuestion) -> bool:
        payer = Actor(kind=ActorKind.USER, subject_id=str(question.initiator_id), roles=question.roles)
        amount = question.amount.amount.quantize(_CEDAR_QUANTUM, rounding=ROUND_FLOOR)
        context = {
            "amount": {"__extn": {"fn": "decimal", "arg": f"{amount:f}"}},
            "currency": question.amount.currency.code,
            "kind": question.kind,
            "counterparties": sorted(str(counterparty) for counterparty in question.counterparties),
        }
        return not self._policies.allows(payer, SETTLE_ALONE, _TRANSFER, context)


def _floors(policies: str) -> tuple[Mapping[str, Decimal], Mapping[tuple[str, UUID], Decimal]]:
    floors: dict[str, Decimal] = {}
    watched: dict[tuple[str, UUID], Decimal] = {}
    for policy in json.loads(cedarpy.policies_to_json_str(policies))["staticPolicies"].values():
        rule = policy.get("annotations", {})
        if "threshold" not in rule:
            continue
        currency, threshold = rule["currency"], Decimal(rule["threshold"])
        if "counterparty" in rule:
            key = currency, UUID(rule["counterparty"])
            watched[key] = min(threshold, watched.get(key, threshold))
        else:
            floors[currency] = min(threshold, floors.get(currency, threshold))
    return floors, watched
