"""Governance's REST API."""

from governance.interfaces.rest.approval_rules import approval_rules
from governance.interfaces.rest.permissions import permissions
from governance.interfaces.rest.policies import policies
from governance.interfaces.rest.role_assignments import role_assignments
from governance.interfaces.rest.roles import roles

ROUTERS = (roles, permissions, role_assignments, policies, approval_rules)
