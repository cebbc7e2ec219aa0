"""Use cases for roles."""

from dataclasses import dataclass

from governance.application.roles.get_role import GetRole
from governance.application.roles.list_roles import ListRoles
from governance.application.roles.set_role_permissions import SetRolePermissions


@dataclass(frozen=True, slots=True)
class Roles:
    list_roles: ListRoles
    get_role: GetRole
    set_role_permissions: SetRolePermissions
