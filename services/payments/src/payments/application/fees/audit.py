"""The audit facts of fee rules."""

from typing import Final

from kernel.audit import Audited, State
from payments.application.versions import amount_text, number_text, version_state
from payments.domain.fee_rule import FeeRule


def _state(rule: FeeRule) -> State:
    return {
        **version_state(rule),
        "kind": rule.kind,
        "currency": rule.currency,
        "tiers": [
            {"from": amount_text(t.from_amount), "flat": amount_text(t.flat), "percent": number_text(t.percent)}
            for t in rule.tiers
        ],
        "marginal": rule.marginal,
        "least": amount_text(rule.least),
        "most": amount_text(rule.most),
        "waived_roles": sorted(rule.waived_roles),
        "vat_percent": number_text(rule.vat_percent),
        "rounding": rule.rounding.value,
        "refundable": rule.refundable,
    }


FEE_RULE: Final = Audited(
    action="payments.fee_rule",
    resource_type="fee_rule",
    state=_state,
    id_of=lambda rule: rule.id,
    related=lambda rule: (f"fee_rule:{rule.series}",),
)
