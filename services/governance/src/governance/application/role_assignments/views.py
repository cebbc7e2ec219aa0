from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from governance.domain.limited_role import LimitedAssignment
from governance.domain.limits import NO_LIMITS, Limits
from governance.domain.role_holder import RoleAssignment
from kernel.feeds import FeedPage
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class AssignmentView:
    """`granted_by` is a user's id or a service's name. Without limits, organization, start, end and team are None."""

    id: UUID
    subject_id: UUID
    role: str
    organization_id: UUID | None
    starts_at: datetime | None
    ends_at: datetime | None
    team_id: UUID | None
    granted_by: str
    granted_at: datetime
    reason: str | None

    @classmethod
    def of(cls, assignment: RoleAssignment | LimitedAssignment) -> "AssignmentView":
        limits = assignment.limits if isinstance(assignment, LimitedAssignment) else NO_LIMITS
        return cls(
            assignment.id,
            assignment.subject_id,
            assignment.role,
            *limits,
            assignment.granted_by,
            assignment.granted_at,
            assignment.reason,
        )

    @property
    def limits(self) -> Limits:
        return Limits(self.organization_id, self.starts_at, self.ends_at, self.team_id)

    @property
    def is_limited(self) -> bool:
        return not self.limits.are_none


@dataclass(frozen=True, slots=True)
class SubjectView:
    """A subject. `roles` are those without limits, which are in tokens: empty if all were revoked."""

    subject_id: UUID
    roles: tuple[str, ...]
    assignments: tuple[AssignmentView, ...]


@dataclass(frozen=True, slots=True)
class GrantsView:
    """All roles of a registered subject. `version` grows with each change."""

    subject_id: UUID
    roles: tuple[str, ...]
    version: int


@dataclass(frozen=True, slots=True)
class LimitedRolesView:
    """All limited roles of a subject. `version` grows with each change."""

    subject_id: UUID
    roles: Sequence[tuple[str, Limits]]
    version: int


@dataclass(frozen=True, slots=True)
class EndedMembershipView:
    """That a person may not act for an organization any more; nobody may, if `subject_id` is None."""

    organization_id: UUID
    subject_id: UUID | None
    ended_at: datetime


class LimitedRoleViews(Protocol):
    async def page(self, cursor: str, *, limit: int) -> FeedPage[LimitedRolesView]:
        """Read the limited roles of all subjects in the order of their last change."""

    async def inactive_organizations(self) -> Sequence[UUID]:
        """Return the organizations that are not active and for which there are limited roles."""

    async def ended_memberships(self) -> Sequence[EndedMembershipView]:
        """Return what ended so recently that access tokens of before may be valid."""

    async def ended(self, at: datetime, *, after: UUID, limit: int) -> Sequence[UUID]:
        """Return the next subjects, in the order of their ids, with a limited role whose end has come."""


class RoleAssignmentViews(Protocol):
    async def assignments(
        self, page: PageRequest, *, role: str | None, subject_id: UUID | None, organization_id: UUID | None
    ) -> Page[AssignmentView]:
        """Page through assignments with limits and without, newest first."""

    async def subject(self, subject_id: UUID) -> SubjectView | None: ...

    async def default_role(self) -> str: ...

    async def effective_roles(self, subject_ids: Sequence[UUID]) -> Sequence[tuple[UUID, tuple[str, ...]]]:
        """Read the roles of all subjects in one statement, in the given order. Unregistered ones have the default role."""

    async def grants(self, cursor: str, *, limit: int) -> FeedPage[GrantsView]:
        """Read the roles of all registered subjects in the order of their last change."""

    async def holders(
        self, *, role: str | None, permission: str | None, at: datetime, after: UUID | None, limit: int
    ) -> Sequence[UUID] | None:
        """Return the next holders of a role or permission after a subject, in id order, or None if there is no such thing.

        Those who hold it in one organization only are not among them.
        """
