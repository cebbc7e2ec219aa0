"""How a golden decision appears in the audit log."""

from typing import Final

from governance.domain.golden_decision import GoldenDecision
from kernel.audit import Audited, State


def _state(golden: GoldenDecision) -> State:
    return {
        "permission": golden.permission,
        "roles": list(golden.roles),
        "attributes": golden.attributes,
        "facts": golden.facts,
        "is_allowed": golden.is_allowed,
        "version": golden.version,
    }


GOLDEN_DECISION: Final = Audited[GoldenDecision](
    action="governance.golden_decision",
    resource_type="golden_decision",
    state=_state,
    id_of=lambda golden: golden.name,
    related=lambda golden: (f"golden_decision:{golden.name}",),
)
