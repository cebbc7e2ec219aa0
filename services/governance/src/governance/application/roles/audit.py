"""How a role appears in the audit log."""

from typing import Final

from governance.domain.role import Role
from kernel.audit import Audited, State


def _state(role: Role) -> State:
    return {
        "title": role.title,
        "description": role.description,
        "permissions": list(role.permission_names),
        "includes": list(role.included),
        "retired": role.is_retired,
        "version": role.version,
    }


ROLE: Final = Audited[Role](
    action="governance.role",
    resource_type="role",
    state=_state,
    id_of=lambda role: role.name,
    related=lambda role: (f"role:{role.name}",),
)
