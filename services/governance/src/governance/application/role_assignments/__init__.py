"""Use cases for role assignments."""

from dataclasses import dataclass

from governance.application.role_assignments.end_limited_roles import EndLimitedRoles
from governance.application.role_assignments.get_effective_roles import GetEffectiveRoles
from governance.application.role_assignments.get_roles_of_subjects import GetRolesOfSubjects
from governance.application.role_assignments.get_subject_roles import GetSubjectRoles
from governance.application.role_assignments.grant_initial_role import GrantInitialRole
from governance.application.role_assignments.grant_role import GrantRole
from governance.application.role_assignments.list_ended_memberships import ListEndedMemberships
from governance.application.role_assignments.list_grants import ListGrants
from governance.application.role_assignments.list_holders import ListHolders
from governance.application.role_assignments.list_inactive_organizations import ListInactiveOrganizations
from governance.application.role_assignments.list_limited_roles import ListLimitedRoles
from governance.application.role_assignments.list_role_assignments import ListRoleAssignments
from governance.application.role_assignments.revoke_role import RevokeRole


@dataclass(frozen=True, slots=True)
class RoleAssignments:
    list_role_assignments: ListRoleAssignments
    list_grants: ListGrants
    list_limited_roles: ListLimitedRoles
    list_inactive_organizations: ListInactiveOrganizations
    list_ended_memberships: ListEndedMemberships
    get_subject_roles: GetSubjectRoles
    get_effective_roles: GetEffectiveRoles
    get_roles_of_subjects: GetRolesOfSubjects
    list_holders: ListHolders
    grant_role: GrantRole
    grant_initial_role: GrantInitialRole
    revoke_role: RevokeRole
    end_limited_roles: EndLimitedRoles
