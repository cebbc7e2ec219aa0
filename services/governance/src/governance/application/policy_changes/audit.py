"""How a change of policies appears in the audit log."""

from typing import Final

from governance.domain.policy_change import PolicyChange
from kernel.audit import Audited, State


def _state(change: PolicyChange) -> State:
    return {
        "items": [[item.policy, item.version, item.mode.value] for item in change.items],
        "status": change.status.value,
        "asked_by": change.asked_by,
        "decided_by": change.decided_by,
        "bundle_version": change.bundle_version,
    }


POLICY_CHANGE: Final = Audited[PolicyChange](
    action="governance.policy_change",
    resource_type="policy_change",
    state=_state,
    id_of=lambda change: change.id,
    related=lambda change: tuple(f"policy:{name}" for name in sorted(change.changed)),
)
