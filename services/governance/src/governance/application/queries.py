"""Reads, past the domain: frozen views by a SQL adapter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from governance.domain.approval_rule import ApprovalRule
from governance.domain.window import Window
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class PermissionView:
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class RoleView:
    """`version` is what If-Match compares."""

    name: str
    description: str
    is_default: bool
    version: int
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AssignmentView:
    """`granted_by` is a user's id or a service's name."""

    subject_id: UUID
    role: str
    granted_by: str
    granted_at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True)
class SubjectView:
    """A subject that governance has met; `roles` may be empty, once all were revoked."""

    subject_id: UUID
    roles: tuple[str, ...]
    assignments: tuple[AssignmentView, ...]


@dataclass(frozen=True, slots=True)
class StandingView:
    """`recorded_at` is None where nothing was recorded: then the subject counts as able to act."""

    subject_id: UUID
    is_able: bool
    recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class BundleView:
    version: int
    id: UUID
    digest: str
    published_by: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class PolicyText:
    """A bundle with what it says."""

    bundle: BundleView
    policies: str
    schema: str


@dataclass(frozen=True, slots=True)
class ApprovalRuleView:
    """`version` is what If-Match compares."""

    name: str
    currency: str
    threshold: Decimal
    kinds: tuple[str, ...]
    role: str | None
    counterparty: UUID | None
    window: Window | None
    description: str
    version: int
    is_withdrawn: bool

    @classmethod
    def of(cls, rule: ApprovalRule) -> "ApprovalRuleView":
        return cls(
            rule.name,
            rule.currency,
            rule.threshold,
            rule.kinds,
            rule.role,
            rule.counterparty,
            rule.window,
            rule.description,
            rule.version,
            rule.is_withdrawn,
        )


class GovernanceQueries(Protocol):
    async def roles(self) -> Sequence[RoleView]: ...

    async def role(self, name: str) -> RoleView | None: ...

    async def default_role(self) -> str: ...

    async def permissions(self) -> Sequence[PermissionView]: ...

    async def subject(self, subject_id: UUID) -> SubjectView | None: ...

    async def effective_roles(self, subject_ids: Sequence[UUID]) -> Sequence[tuple[UUID, tuple[str, ...]]]:
        """Read the roles of each by one statement, in the order asked: the default role of one never met."""

    async def standings_beyond_default(self, *, after: UUID, limit: int) -> Sequence[StandingView]:
        """Read, in order of id, the subjects that hold another role than the default one."""

    async def assignments(self, page: PageRequest, *, role: str | None, subject_id: UUID | None) -> Page[AssignmentView]:
        """Page through assignments, newest first."""

    async def bundles(self, page: PageRequest) -> Page[BundleView]:
        """Page through all bundles ever published, newest first."""

    async def current_bundle(self) -> PolicyText | None: ...

    async def approval_rules(self, page: PageRequest) -> Page[ApprovalRuleView]:
        """Page through the rules in force, by name."""

    async def approval_rule(self, name: str) -> ApprovalRuleView | None:
        """Read a rule, withdrawn or not."""

    async def current_version(self) -> int:
        """Return the version in force, 0 before the first."""
