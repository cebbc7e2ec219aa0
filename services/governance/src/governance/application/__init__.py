"""All use cases of governance: the table of contents."""

from dataclasses import dataclass

from governance.application.access import Access
from governance.application.access_reviews import AccessReviews
from governance.application.approval_rules import ApprovalRules
from governance.application.erasures import Erasures
from governance.application.evaluations import Evaluations
from governance.application.golden_decisions import GoldenDecisions
from governance.application.invitations import Invitations
from governance.application.members import Members
from governance.application.organizations import Organizations
from governance.application.permissions import Permissions
from governance.application.policies import Policies
from governance.application.policy_bundles import PolicyBundles
from governance.application.policy_changes import PolicyChanges
from governance.application.role_assignments import RoleAssignments
from governance.application.roles import Roles
from governance.application.separation_exceptions import SeparationExceptions
from governance.application.separations import Separations
from governance.application.standings import Standings
from governance.application.teams import Teams


@dataclass(frozen=True, slots=True)
class Governance:
    roles: Roles
    permissions: Permissions
    role_assignments: RoleAssignments
    access: Access
    access_reviews: AccessReviews
    evaluations: Evaluations
    separations: Separations
    separation_exceptions: SeparationExceptions
    policies: Policies
    policy_changes: PolicyChanges
    policy_bundles: PolicyBundles
    golden_decisions: GoldenDecisions
    approval_rules: ApprovalRules
    standings: Standings
    erasures: Erasures
    organizations: Organizations
    members: Members
    invitations: Invitations
    teams: Teams
