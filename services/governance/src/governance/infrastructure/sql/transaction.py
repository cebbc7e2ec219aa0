"""A transaction of governance in PostgreSQL."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.persistence.unit_of_work import SqlTransaction
from governance.infrastructure.sql.access_reviews import SqlAccessReviewRepository
from governance.infrastructure.sql.approval_rules import SqlApprovalRuleRepository
from governance.infrastructure.sql.golden_decisions import SqlGoldenDecisionRepository
from governance.infrastructure.sql.invitations import SqlInvitationRepository
from governance.infrastructure.sql.limited_roles import SqlLimitedHolderRepository
from governance.infrastructure.sql.members import SqlMembershipRepository
from governance.infrastructure.sql.organizations import SqlOrganizationRepository
from governance.infrastructure.sql.permissions import SqlPermissionRepository
from governance.infrastructure.sql.policies import SqlPolicyRepository
from governance.infrastructure.sql.policy_bundles import SqlBundleRepository
from governance.infrastructure.sql.policy_changes import SqlPolicyChangeRepository
from governance.infrastructure.sql.role_assignments import SqlRoleHolderRepository
from governance.infrastructure.sql.roles import SqlRoleRepository
from governance.infrastructure.sql.separation_exceptions import SqlSeparationExceptionRepository
from governance.infrastructure.sql.separations import SqlSeparationRepository
from governance.infrastructure.sql.standings import SqlStandingRepository
from governance.infrastructure.sql.teams import SqlTeamRepository
from kernel.actor import Actor


class SqlGovernanceTransaction(SqlTransaction):
    def __init__(self, session: AsyncSession, actor: Actor) -> None:
        super().__init__(session, actor)
        self.roles = SqlRoleRepository(session)
        self.permissions = SqlPermissionRepository(session)
        self.holders = SqlRoleHolderRepository(session)
        self.limited_holders = SqlLimitedHolderRepository(session)
        self.separations = SqlSeparationRepository(session)
        self.separation_exceptions = SqlSeparationExceptionRepository(session)
        self.organizations = SqlOrganizationRepository(session)
        self.teams = SqlTeamRepository(session)
        self.invitations = SqlInvitationRepository(session)
        self.memberships = SqlMembershipRepository(session)
        self.access_reviews = SqlAccessReviewRepository(session)
        self.standings = SqlStandingRepository(session)
        self.bundles = SqlBundleRepository(session)
        self.policies = SqlPolicyRepository(session)
        self.policy_changes = SqlPolicyChangeRepository(session)
        self.golden_decisions = SqlGoldenDecisionRepository(session)
        self.approval_rules = SqlApprovalRuleRepository(session)
