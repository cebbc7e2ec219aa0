"""Governance's REST API."""

from governance.interfaces.rest.access import access
from governance.interfaces.rest.access_reviews import access_reviews
from governance.interfaces.rest.approval_rules import approval_rules
from governance.interfaces.rest.evaluations import evaluations
from governance.interfaces.rest.golden_decisions import golden_decisions
from governance.interfaces.rest.invitations import invitations
from governance.interfaces.rest.members import members
from governance.interfaces.rest.organizations import organizations
from governance.interfaces.rest.permissions import permissions
from governance.interfaces.rest.policies import policies
from governance.interfaces.rest.policy_bundles import policy_bundles
from governance.interfaces.rest.policy_changes import policy_changes
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
    access_reviews,
    evaluations,
    separations,
    separation_exceptions,
    approval_rules,
    policy_bundles,
    policy_changes,
    golden_decisions,
    # Last: it takes every other segment after /policies.
    policies,
    organizations,
    members,
    invitations,
    teams,
)
