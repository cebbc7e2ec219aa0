"""What governance can do: the table of contents."""

from dataclasses import dataclass

from governance.application.disable_subject import DisableSubject
from governance.application.get_roles_of_subjects import GetRolesOfSubjects
from governance.application.grant_initial_role import GrantInitialRole
from governance.application.grant_role import GrantRole
from governance.application.ports import PolicyChecker, Subjects, UnitOfWork
from governance.application.publish_bundle import EnsureBundle, PublishBundle
from governance.application.queries import GovernanceQueries
from governance.application.read_assignments import ListRoleAssignments, ReadSubjectRoles
from governance.application.read_roles import GetBundle, GetRole, GetSubjectRoles
from governance.application.reconcile_standings import ReconcileStandings
from governance.application.require_authority import RequireAuthority
from governance.application.revoke_role import RevokeRole
from governance.application.set_approval_rule import SetApprovalRule
from governance.application.set_role_permissions import SetRolePermissions
from governance.application.withdraw_approval_rule import WithdrawApprovalRule
from kernel.clock import Clock
from kernel.reads import Reads


@dataclass(frozen=True, slots=True)
class Governance:
    grant_role: GrantRole
    revoke_role: RevokeRole
    grant_initial_role: GrantInitialRole
    set_role_permissions: SetRolePermissions
    set_approval_rule: SetApprovalRule
    withdraw_approval_rule: WithdrawApprovalRule
    require_authority: RequireAuthority
    disable_subject: DisableSubject
    reconcile_standings: ReconcileStandings
    ensure_bundle: EnsureBundle
    get_bundle: GetBundle
    get_role: GetRole
    get_subject_roles: GetSubjectRoles
    get_roles_of_subjects: GetRolesOfSubjects
    list_role_assignments: ListRoleAssignments
    read_subject_roles: ReadSubjectRoles
    queries: GovernanceQueries

    @classmethod
    def of(
        cls,
        *,
        uow: UnitOfWork,
        subjects: Subjects,
        checker: PolicyChecker,
        queries: GovernanceQueries,
        reads: Reads,
        clock: Clock,
    ) -> "Governance":
        """Wire the use cases to their ports."""
        publish = PublishBundle(checker=checker, clock=clock)
        get_subject_roles = GetSubjectRoles(queries)
        return cls(
            grant_role=GrantRole(uow=uow, subjects=subjects, clock=clock),
            revoke_role=RevokeRole(uow=uow, clock=clock),
            grant_initial_role=GrantInitialRole(uow=uow, clock=clock),
            set_role_permissions=SetRolePermissions(uow=uow, publish=publish, clock=clock),
            set_approval_rule=SetApprovalRule(uow=uow, publish=publish, clock=clock),
            withdraw_approval_rule=WithdrawApprovalRule(uow=uow, publish=publish, clock=clock),
            require_authority=RequireAuthority(uow=uow),
            disable_subject=DisableSubject(uow=uow, clock=clock),
            reconcile_standings=ReconcileStandings(uow=uow, queries=queries, subjects=subjects, clock=clock),
            ensure_bundle=EnsureBundle(uow=uow, publish=publish),
            get_bundle=GetBundle(queries),
            get_role=GetRole(queries),
            get_subject_roles=get_subject_roles,
            get_roles_of_subjects=GetRolesOfSubjects(queries),
            list_role_assignments=ListRoleAssignments(queries=queries, reads=reads),
            read_subject_roles=ReadSubjectRoles(get_subject_roles, reads),
            queries=queries,
        )
