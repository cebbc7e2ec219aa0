"""Connect the use cases of governance with their adapters: one function per noun."""

from chassis.audited_reads import AuditedReads
from chassis.messaging.contracts import AnySubscription
from chassis.persistence.database import Database
from chassis.persistence.scope import PLATFORM
from chassis.persistence.unit_of_work import SqlUnitOfWork
from governance.application import Governance
from governance.application.approval_rules import ApprovalRules
from governance.application.approval_rules.get_approval_rule import GetApprovalRule
from governance.application.approval_rules.list_approval_rules import ListApprovalRules
from governance.application.approval_rules.set_approval_rule import SetApprovalRule
from governance.application.approval_rules.withdraw_approval_rule import WithdrawApprovalRule
from governance.application.erasures import Erasures
from governance.application.erasures.acknowledge_erasure import AcknowledgeErasure
from governance.application.organizations import Organizations
from governance.application.organizations.find_memberships import FindMemberships
from governance.application.organizations.list_organizations_of_subject import ListOrganizationsOfSubject
from governance.application.permissions import Permissions
from governance.application.permissions.list_permissions import ListPermissions
from governance.application.policies import Policies
from governance.application.policies.ensure_bundle import EnsureBundle
from governance.application.policies.get_bundle import GetBundle
from governance.application.policies.get_current_policies import GetCurrentPolicies
from governance.application.policies.list_policy_bundles import ListPolicyBundles
from governance.application.policies.publish_bundle import PublishBundle
from governance.application.ports.policies import PolicyChecker
from governance.application.ports.subjects import Subjects
from governance.application.ports.transaction import UnitOfWork
from governance.application.role_assignments import RoleAssignments
from governance.application.role_assignments.get_effective_roles import GetEffectiveRoles
from governance.application.role_assignments.get_roles_of_subjects import GetRolesOfSubjects
from governance.application.role_assignments.get_subject_roles import GetSubjectRoles
from governance.application.role_assignments.grant_initial_role import GrantInitialRole
from governance.application.role_assignments.grant_role import GrantRole
from governance.application.role_assignments.list_grants import ListGrants
from governance.application.role_assignments.list_holders import ListHolders
from governance.application.role_assignments.list_role_assignments import ListRoleAssignments
from governance.application.role_assignments.revoke_role import RevokeRole
from governance.application.roles import Roles
from governance.application.roles.get_role import GetRole
from governance.application.roles.list_roles import ListRoles
from governance.application.roles.set_role_permissions import SetRolePermissions
from governance.application.standings import Standings
from governance.application.standings.disable_subject import DisableSubject
from governance.application.standings.follow_standing import FollowStanding
from governance.application.standings.reconcile_standings import ReconcileStandings
from governance.application.standings.require_authority import RequireAuthority
from governance.infrastructure.sql.approval_rules import SqlApprovalRuleViews
from governance.infrastructure.sql.organizations import SqlMembershipViews
from governance.infrastructure.sql.permissions import SqlPermissionViews
from governance.infrastructure.sql.policies import SqlPolicyViews
from governance.infrastructure.sql.role_assignments import SqlRoleAssignmentViews
from governance.infrastructure.sql.roles import SqlRoleViews
from governance.infrastructure.sql.standings import SqlStandingViews
from governance.infrastructure.sql.transaction import SqlGovernanceTransaction
from governance.interfaces.publications import PUBLICATIONS
from governance.interfaces.subscriptions import subscriptions
from governance.settings import GovernanceSettings
from kernel.clock import Clock
from kernel.reads import Reads


def unit_of_work(*, database: Database) -> SqlUnitOfWork[SqlGovernanceTransaction]:
    return SqlUnitOfWork(database, SqlGovernanceTransaction, PUBLICATIONS, service=GovernanceSettings.NAME)


def use_cases(*, database: Database, subjects: Subjects, checker: PolicyChecker, clock: Clock) -> Governance:
    """Wire every use case."""
    uow = unit_of_work(database=database)
    publish_bundle = PublishBundle(checker=checker, clock=clock)
    return Governance(
        roles=roles(database=database, uow=uow, publish_bundle=publish_bundle, clock=clock),
        permissions=permissions(database=database),
        role_assignments=role_assignments(
            database=database, uow=uow, subjects=subjects, reads=AuditedReads(uow=uow, clock=clock), clock=clock
        ),
        policies=policies(database=database, uow=uow, publish_bundle=publish_bundle),
        approval_rules=approval_rules(database=database, uow=uow, publish_bundle=publish_bundle, clock=clock),
        standings=standings(database=database, uow=uow, subjects=subjects, clock=clock),
        erasures=erasures(uow=uow, clock=clock),
        organizations=organizations(database=database),
    )


def consumed(*, database: Database, clock: Clock) -> list[AnySubscription]:
    """Wire the subscriptions of a worker, which needs neither identity nor the policy checker."""
    uow = unit_of_work(database=database)
    return subscriptions(
        grant_initial_role=GrantInitialRole(uow=uow, clock=clock),
        follow_standing=FollowStanding(uow=uow, clock=clock),
        acknowledge_erasure=AcknowledgeErasure(uow=uow, clock=clock),
    )


def roles(*, database: Database, uow: UnitOfWork, publish_bundle: PublishBundle, clock: Clock) -> Roles:
    views = SqlRoleViews(database)
    return Roles(
        list_roles=ListRoles(views=views),
        get_role=GetRole(views=views),
        set_role_permissions=SetRolePermissions(uow=uow, publish_bundle=publish_bundle, clock=clock),
    )


def permissions(*, database: Database) -> Permissions:
    return Permissions(list_permissions=ListPermissions(views=SqlPermissionViews(database)))


def role_assignments(*, database: Database, uow: UnitOfWork, subjects: Subjects, reads: Reads, clock: Clock) -> RoleAssignments:
    views = SqlRoleAssignmentViews(database)
    get_effective_roles = GetEffectiveRoles(views=views)
    return RoleAssignments(
        list_role_assignments=ListRoleAssignments(views=views, reads=reads),
        list_grants=ListGrants(views=views),
        get_subject_roles=GetSubjectRoles(get_effective_roles=get_effective_roles, reads=reads),
        get_effective_roles=get_effective_roles,
        get_roles_of_subjects=GetRolesOfSubjects(views=views),
        list_holders=ListHolders(views=views),
        grant_role=GrantRole(uow=uow, subjects=subjects, clock=clock),
        grant_initial_role=GrantInitialRole(uow=uow, clock=clock),
        revoke_role=RevokeRole(uow=uow, clock=clock),
    )


def policies(*, database: Database, uow: UnitOfWork, publish_bundle: PublishBundle) -> Policies:
    views = SqlPolicyViews(database)
    get_current_policies = GetCurrentPolicies(views=views)
    return Policies(
        list_policy_bundles=ListPolicyBundles(views=views),
        get_current_policies=get_current_policies,
        get_bundle=GetBundle(views=views, get_current_policies=get_current_policies),
        ensure_bundle=EnsureBundle(uow=uow, publish_bundle=publish_bundle),
    )


def approval_rules(*, database: Database, uow: UnitOfWork, publish_bundle: PublishBundle, clock: Clock) -> ApprovalRules:
    views = SqlApprovalRuleViews(database)
    return ApprovalRules(
        list_approval_rules=ListApprovalRules(views=views),
        get_approval_rule=GetApprovalRule(views=views),
        set_approval_rule=SetApprovalRule(uow=uow, publish_bundle=publish_bundle, clock=clock),
        withdraw_approval_rule=WithdrawApprovalRule(uow=uow, publish_bundle=publish_bundle, clock=clock),
    )


def standings(*, database: Database, uow: UnitOfWork, subjects: Subjects, clock: Clock) -> Standings:
    return Standings(
        require_authority=RequireAuthority(uow=uow),
        disable_subject=DisableSubject(uow=uow, clock=clock),
        follow_standing=FollowStanding(uow=uow, clock=clock),
        reconcile_standings=ReconcileStandings(uow=uow, views=SqlStandingViews(database), subjects=subjects, clock=clock),
    )


def organizations(*, database: Database) -> Organizations:
    # Identity and payments ask about all organizations of a person.
    views = SqlMembershipViews(database.under(PLATFORM))
    return Organizations(
        find_memberships=FindMemberships(views=views),
        list_organizations_of_subject=ListOrganizationsOfSubject(views=views),
    )


def erasures(*, uow: UnitOfWork, clock: Clock) -> Erasures:
    return Erasures(acknowledge_erasure=AcknowledgeErasure(uow=uow, clock=clock))
