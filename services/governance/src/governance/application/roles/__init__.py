"""Use cases for roles."""

from dataclasses import dataclass

from governance.application.roles.create_role import CreateRole
from governance.application.roles.describe_role import DescribeRole
from governance.application.roles.get_role import GetRole
from governance.application.roles.list_roles import ListRoles
from governance.application.roles.retire_role import RetireRole
from governance.application.roles.set_included_roles import SetIncludedRoles
from governance.application.roles.set_role_permissions import SetRolePermissions


@dataclass(frozen=True, slots=True)
class Roles:
    list_roles: ListRoles
    get_role: GetRole
    create_role: CreateRole
    describe_role: DescribeRole
    set_role_permissions: SetRolePermissions
    set_included_roles: SetIncludedRoles
    retire_role: RetireRole
