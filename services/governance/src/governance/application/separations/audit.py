"""How a separation of duties appears in the audit log."""

from typing import Final

from governance.domain.separation import Separation
from kernel.audit import Audited, State


def _state(separation: Separation) -> State:
    return {
        "first": separation.first,
        "second": separation.second,
        "exempt_roles": list(separation.exempt_roles),
        "description": separation.description,
        "withdrawn": separation.is_withdrawn,
        "version": separation.version,
    }


SEPARATION: Final = Audited[Separation](
    action="governance.separation",
    resource_type="separation",
    state=_state,
    id_of=lambda separation: separation.name,
    related=lambda separation: (f"separation:{separation.name}",),
)
