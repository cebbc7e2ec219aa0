"""Authorization: Cedar policies, compiled by governance and evaluated in this process."""

from chassis.policies.bundle import Bundle, BundleSource, InvalidBundle, Resource
from chassis.policies.bundle_refresher import BundleRefresher
from chassis.policies.decision_log import DecisionLog
from chassis.policies.decisions import Decision, DecisionSink
from chassis.policies.engine import Policies
from chassis.policies.governance import GovernanceBundles, GovernanceLimitedRoles
from chassis.policies.limited_roles import LimitedRole, LimitedRoles, LimitedRoleSource, SubjectRow

__all__ = [
    "Bundle",
    "BundleRefresher",
    "BundleSource",
    "Decision",
    "DecisionLog",
    "DecisionSink",
    "GovernanceBundles",
    "GovernanceLimitedRoles",
    "InvalidBundle",
    "LimitedRole",
    "LimitedRoleSource",
    "LimitedRoles",
    "Policies",
    "Resource",
    "SubjectRow",
]
