"""Governance's REST API."""

from governance.interfaces.rest.access import access
from governance.interfaces.rest.approval_rules import approval_rules
from governance.interfaces.rest.invitations import invitations
from governance.interfaces.rest.members import members
from governance.interfaces.rest.organizations import organizations
from governance.interfaces.rest.permissions import permissions
from governance.interfaces.rest.policies import policies
from governance.interfaces.rest.role_assignments import role_assignments
from governance.interfaces.rest.roles import roles
from governance.interfaces.rest.separation_exceptions import separation_exceptions
from governance.interfaces.rest.separations import separations
from governance.interfaces.rest.teams import teams

ROUTERS = (
    roles,
    permissions,
    role_assignments,
    access,
    separations,
    separation_exceptions,
    policies,
    approval_rules,
    organizations,
    members,
    invitations,
    teams,
)
