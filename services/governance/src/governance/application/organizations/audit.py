"""How organizations appear in the audit log."""

from typing import Final

from governance.domain.organization import Organization
from kernel.audit import Audited, State


def _state(organization: Organization) -> State:
    return {
        "kind": organization.kind,
        "name": organization.name,
        "registration_number": organization.registration_number,
        "parent_id": str(organization.parent_id) if organization.parent_id else None,
        "status": organization.status,
        "version": organization.version,
    }


ORGANIZATION: Final = Audited[Organization](
    action="governance.organization",
    resource_type="organization",
    state=_state,
    id_of=lambda organization: organization.id,
    related=lambda organization: (str(organization.id),),
)
