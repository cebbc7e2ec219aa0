"""Connect the use cases of governance with their adapters."""

from chassis.audited_reads import AuditedReads
from chassis.messaging.contracts import AnySubscription
from chassis.persistence.database import Database
from chassis.persistence.scope import PLATFORM
from chassis.persistence.unit_of_work import SqlUnitOfWork
from chassis.wiring import wire
from governance.application import Governance
from governance.application.access import Access
from governance.application.access_reviews import AccessReviews
from governance.application.access_reviews.ask_reviewers import AskReviewers
from governance.application.access_reviews.authority import ReviewAuthority
from governance.application.access_reviews.close_access_reviews import CloseAccessReviews
from governance.application.approval_rules import ApprovalRules
from governance.application.erasures import Erasures
from governance.application.erasures.acknowledge_erasure import AcknowledgeErasure
from governance.application.evaluations import Evaluations
from governance.application.golden_decisions import GoldenDecisions
from governance.application.invitations import Invitations
from governance.application.members import Members
from governance.application.members.end_memberships import EndMemberships
from governance.application.organizations import Organizations
from governance.application.organizations.authority import OrganizationAuthority
from governance.application.permissions import Permissions
from governance.application.policies import Policies
from governance.application.policies.writing import WritePolicyText
from governance.application.policy_bundles import PolicyBundles
from governance.application.policy_bundles.publish_bundle import PublishBundle
from governance.application.policy_changes import PolicyChanges
from governance.application.policy_changes.assessment import AssessChange
from governance.application.policy_changes.proposal import Propose
from governance.application.ports.access_reviews import ReportSigner
from governance.application.ports.decisions import DecisionPoint, Decisions
from governance.application.ports.invitations import InvitationMails
from governance.application.ports.policies import PolicyLab
from governance.application.ports.policy_bundles import PolicyChecker
from governance.application.ports.recorded_decisions import RecordedDecisions
from governance.application.ports.subjects import Subjects
from governance.application.role_assignments import RoleAssignments
from governance.application.role_assignments.end_limited_roles import EndLimitedRoles
from governance.application.role_assignments.grant_initial_role import GrantInitialRole
from governance.application.roles import Roles
from governance.application.separation_exceptions import SeparationExceptions
from governance.application.separations import Separations
from governance.application.standings import Standings
from governance.application.standings.follow_standing import FollowStanding
from governance.application.teams import Teams
from governance.application.teams.find_team import FindTeam
from governance.infrastructure.cedar_reader import CedarReader
from governance.infrastructure.contract_vocabulary import contract_vocabulary
from governance.infrastructure.sql.access import SqlAccessViews
from governance.infrastructure.sql.approval_rules import SqlApprovalRuleViews
from governance.infrastructure.sql.evaluations import SqlSubjectViews
from governance.infrastructure.sql.golden_decisions import SqlGoldenDecisionViews
from governance.infrastructure.sql.invitations import SqlInvitationViews
from governance.infrastructure.sql.limited_roles import SqlLimitedRoleViews
from governance.infrastructure.sql.members import SqlMembershipViews
from governance.infrastructure.sql.organizations import SqlOrganizationViews
from governance.infrastructure.sql.permissions import SqlPermissionViews
from governance.infrastructure.sql.policies import SqlPolicyViews
from governance.infrastructure.sql.policy_bundles import SqlPolicyBundleViews
from governance.infrastructure.sql.policy_changes import SqlPolicyChangeViews
from governance.infrastructure.sql.review_views import SqlAccessReviewViews, SqlReviewSchedule
from governance.infrastructure.sql.role_assignments import SqlRoleAssignmentViews
from governance.infrastructure.sql.roles import SqlRoleViews
from governance.infrastructure.sql.separation_exceptions import SqlSeparationExceptionViews
from governance.infrastructure.sql.separations import SqlSeparationViews
from governance.infrastructure.sql.standings import SqlStandingViews
from governance.infrastructure.sql.teams import SqlTeamViews
from governance.infrastructure.sql.transaction import SqlGovernanceTransaction
from governance.interfaces.publications import PUBLICATIONS
from governance.interfaces.subscriptions import subscriptions
from governance.settings import GovernanceSettings
from kernel.clock import Clock


def unit_of_work(*, database: Database) -> SqlUnitOfWork[SqlGovernanceTransaction]:
    return SqlUnitOfWork(database, SqlGovernanceTransaction, PUBLICATIONS, service=GovernanceSettings.NAME)


def use_cases(
    *,
    database: Database,
    subjects: Subjects,
    checker: PolicyChecker,
    lab: PolicyLab,
    recorded: RecordedDecisions,
    decisions: Decisions,
    decision_point: DecisionPoint,
    mails: InvitationMails,
    clock: Clock,
) -> Governance:
    """Wire every use case."""
    uow = unit_of_work(database=database)
    vocabulary, reader = contract_vocabulary(), CedarReader()
    publish_bundle = PublishBundle(checker=checker, reader=reader, vocabulary=vocabulary, clock=clock)
    propose = Propose(publish_bundle=publish_bundle)
    changes = SqlPolicyChangeViews(database)
    assess = AssessChange(checker=checker, lab=lab, recorded=recorded, holders=changes, vocabulary=vocabulary)
    reads = AuditedReads(uow=uow, clock=clock)
    # Identity and payments ask about all organizations of a person.
    every_organization = database.under(PLATFORM)
    memberships = SqlMembershipViews(every_organization)
    organizations, teams = SqlOrganizationViews(every_organization), SqlTeamViews(every_organization)
    authority = OrganizationAuthority(decisions=decisions, members=memberships, reads=reads)
    reviews = SqlAccessReviewViews(every_organization)
    return Governance(
        roles=wire(Roles, uow=uow, views=SqlRoleViews(database), publish_bundle=publish_bundle, clock=clock),
        permissions=wire(Permissions, views=SqlPermissionViews(database)),
        role_assignments=wire(
            RoleAssignments,
            uow=uow,
            views=SqlRoleAssignmentViews(database),
            limited=SqlLimitedRoleViews(database),
            subjects=subjects,
            reads=reads,
            clock=clock,
        ),
        access=wire(
            Access,
            uow=uow,
            views=SqlAccessViews(every_organization),
            policies=SqlPolicyViews(database),
            decisions=decisions,
            subjects=subjects,
            reads=reads,
            clock=clock,
        ),
        # Managers in internal organizations decide about the platform's campaigns, which belong to no organization.
        access_reviews=wire(
            AccessReviews,
            uow=unit_of_work(database=every_organization),
            views=reviews,
            authority=ReviewAuthority(decisions=decisions, members=memberships, organizations=authority, views=reviews),
            reads=reads,
            clock=clock,
        ),
        evaluations=wire(
            Evaluations,
            decisions=decisions,
            subjects=SqlSubjectViews(database),
            decision_point=decision_point,
            vocabulary=vocabulary,
        ),
        separations=wire(Separations, uow=uow, views=SqlSeparationViews(database), reads=reads, clock=clock),
        separation_exceptions=wire(
            SeparationExceptions,
            uow=uow,
            views=SqlSeparationExceptionViews(database),
            subjects=subjects,
            reads=reads,
            clock=clock,
        ),
        policies=wire(
            Policies,
            uow=uow,
            views=SqlPolicyViews(database),
            write=WritePolicyText(reader=reader, checker=checker, vocabulary=vocabulary),
            permissions=SqlPermissionViews(database),
            vocabulary=vocabulary,
            recorded=recorded,
            clock=clock,
        ),
        policy_changes=wire(
            PolicyChanges, uow=uow, views=changes, propose=propose, assess=assess, publish_bundle=publish_bundle, clock=clock
        ),
        policy_bundles=wire(PolicyBundles, uow=uow, views=SqlPolicyBundleViews(database), publish_bundle=publish_bundle),
        golden_decisions=wire(
            GoldenDecisions,
            uow=uow,
            views=SqlGoldenDecisionViews(database),
            publish_bundle=publish_bundle,
            lab=lab,
            clock=clock,
        ),
        approval_rules=wire(
            ApprovalRules, uow=uow, views=SqlApprovalRuleViews(database), publish_bundle=publish_bundle, clock=clock
        ),
        standings=wire(Standings, uow=uow, views=SqlStandingViews(database), subjects=subjects, clock=clock),
        erasures=wire(Erasures, uow=uow, clock=clock),
        organizations=wire(Organizations, uow=uow, views=organizations, authority=authority, reads=reads, clock=clock),
        members=wire(Members, uow=uow, views=memberships, authority=authority, subjects=subjects, reads=reads, clock=clock),
        invitations=wire(
            Invitations,
            uow=uow,
            views=SqlInvitationViews(every_organization),
            organizations=organizations,
            authority=authority,
            mails=mails,
            clock=clock,
        ),
        teams=wire(
            Teams,
            uow=uow,
            views=teams,
            find=FindTeam(views=teams, authority=authority),
            authority=authority,
            reads=reads,
            clock=clock,
        ),
    )


def consumed(*, database: Database, clock: Clock) -> list[AnySubscription]:
    """Wire the subscriptions of a worker, which needs neither identity nor the policy checker."""
    uow = unit_of_work(database=database)
    return subscriptions(
        grant_initial_role=GrantInitialRole(uow=uow, clock=clock),
        follow_standing=FollowStanding(uow=uow, clock=clock),
        acknowledge_erasure=AcknowledgeErasure(uow=uow, clock=clock),
    )


def end_limited_roles(*, database: Database, clock: Clock) -> EndLimitedRoles:
    """Wire what the jobs of this service do."""
    return EndLimitedRoles(uow=unit_of_work(database=database), limited=SqlLimitedRoleViews(database), clock=clock)


def end_memberships(*, database: Database, clock: Clock) -> EndMemberships:
    """Wire it, for the database under the scope of all organizations."""
    return EndMemberships(uow=unit_of_work(database=database), views=SqlMembershipViews(database), clock=clock)


def ask_reviewers(*, database: Database, clock: Clock) -> AskReviewers:
    """Wire it, for the database under the scope of all organizations."""
    return AskReviewers(uow=unit_of_work(database=database), schedule=SqlReviewSchedule(database), clock=clock)


def close_access_reviews(*, database: Database, signer: ReportSigner, clock: Clock) -> CloseAccessReviews:
    """Wire it, for the database under the scope of all organizations."""
    return CloseAccessReviews(
        uow=unit_of_work(database=database), schedule=SqlReviewSchedule(database), signer=signer, clock=clock
    )
