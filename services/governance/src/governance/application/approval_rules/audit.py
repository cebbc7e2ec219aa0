"""How an approval rule appears in the audit log."""

from typing import Final

from governance.domain.approval_rule import ApprovalRule
from kernel.audit import Audited, State
from kernel.money import Money


def _state(rule: ApprovalRule) -> State:
    return {
        "currency": rule.currency,
        "threshold": Money.of(rule.threshold, rule.currency).text,
        "kinds": list(rule.kinds),
        "role": rule.role,
        "counterparty": str(rule.counterparty) if rule.counterparty else None,
        "window": rule.window.text if rule.window else None,
        "description": rule.description,
        "withdrawn": rule.is_withdrawn,
        "version": rule.version,
    }


APPROVAL_RULE: Final = Audited[ApprovalRule](
    action="governance.approval_rule",
    resource_type="approval_rule",
    state=_state,
    id_of=lambda rule: rule.name,
    related=lambda rule: (f"approval_rule:{rule.name}",),
)
