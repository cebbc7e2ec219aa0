"""How an exception from a separation of duties appears in the audit log."""

from typing import Final

from governance.domain.separation import SeparationException
from kernel.audit import Audited, State


def _state(exception: SeparationException) -> State:
    return {
        "separation": exception.separation,
        "first": exception.first,
        "second": exception.second,
        "subject_id": str(exception.subject_id),
        "expires_at": exception.expires_at.isoformat(),
        "asked_by": exception.asked_by,
        "approved_by": exception.approved_by,
        "ended_by": exception.ended_by,
    }


EXCEPTION: Final = Audited[SeparationException](
    action="governance.separation_exception",
    resource_type="separation_exception",
    state=_state,
    id_of=lambda exception: exception.id,
    related=lambda exception: (str(exception.subject_id), f"separation:{exception.separation}"),
)
