"""The transactions of governance."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

import kernel.transaction
from governance.application.ports.access_reviews import AccessReviewRepository
from governance.application.ports.approval_rules import ApprovalRuleRepository
from governance.application.ports.invitations import InvitationRepository
from governance.application.ports.memberships import MembershipRepository
from governance.application.ports.organizations import OrganizationRepository
from governance.application.ports.permissions import PermissionRepository
from governance.application.ports.policies import PolicyRepository
from governance.application.ports.policy_bundles import BundleRepository
from governance.application.ports.policy_changes import GoldenDecisionRepository, PolicyChangeRepository
from governance.application.ports.role_assignments import LimitedHolderRepository, RoleHolderRepository
from governance.application.ports.roles import RoleRepository
from governance.application.ports.separations import SeparationExceptionRepository, SeparationRepository
from governance.application.ports.standings import StandingRepository
from governance.application.ports.teams import TeamRepository
from kernel.actor import Actor


class Transaction(kernel.transaction.Transaction, Protocol):
    @property
    def roles(self) -> RoleRepository: ...

    @property
    def permissions(self) -> PermissionRepository: ...

    @property
    def holders(self) -> RoleHolderRepository: ...

    @property
    def limited_holders(self) -> LimitedHolderRepository: ...

    @property
    def separations(self) -> SeparationRepository: ...

    @property
    def separation_exceptions(self) -> SeparationExceptionRepository: ...

    @property
    def organizations(self) -> OrganizationRepository: ...

    @property
    def teams(self) -> TeamRepository: ...

    @property
    def invitations(self) -> InvitationRepository: ...

    @property
    def memberships(self) -> MembershipRepository: ...

    @property
    def access_reviews(self) -> AccessReviewRepository: ...

    @property
    def standings(self) -> StandingRepository: ...

    @property
    def bundles(self) -> BundleRepository: ...

    @property
    def policies(self) -> PolicyRepository: ...

    @property
    def policy_changes(self) -> PolicyChangeRepository: ...

    @property
    def golden_decisions(self) -> GoldenDecisionRepository: ...

    @property
    def approval_rules(self) -> ApprovalRuleRepository: ...


class UnitOfWork(Protocol):
    def begin(self, actor: Actor) -> AbstractAsyncContextManager[Transaction]: ...

    def reading(self, actor: Actor) -> AbstractAsyncContextManager[Transaction]:
        """Begin a transaction that only reads, and ends without a commit."""
