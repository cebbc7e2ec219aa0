"""How a role appears in the audit log."""

from typing import Final

from governance.domain.role import Role
from kernel.audit import Audited

ROLE: Final = Audited[Role](
    action="governance.role",
    resource_type="role",
    state=lambda role: {"permissions": list(role.permission_names), "version": role.version},
    id_of=lambda role: role.name,
    related=lambda role: (f"role:{role.name}",),
)
