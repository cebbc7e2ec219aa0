from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from kernel.feeds import FeedPage
from kernel.pages import Page, PageRequest


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
    """A registered subject. `roles` is empty if all were revoked."""

    subject_id: UUID
    roles: tuple[str, ...]
    assignments: tuple[AssignmentView, ...]


@dataclass(frozen=True, slots=True)
class GrantsView:
    """All roles of a registered subject. `version` grows with each change."""

    subject_id: UUID
    roles: tuple[str, ...]
    version: int


class RoleAssignmentViews(Protocol):
    async def assignments(self, page: PageRequest, *, role: str | None, subject_id: UUID | None) -> Page[AssignmentView]:
        """Page through assignments, newest first."""

    async def subject(self, subject_id: UUID) -> SubjectView | None: ...

    async def default_role(self) -> str: ...

    async def effective_roles(self, subject_ids: Sequence[UUID]) -> Sequence[tuple[UUID, tuple[str, ...]]]:
        """Read the roles of all subjects in one statement, in the given order. Unregistered ones have the default role."""

    async def grants(self, cursor: str, *, limit: int) -> FeedPage[GrantsView]:
        """Read the roles of all registered subjects in the order of their last change."""

    async def holders(self, *, role: str | None, permission: str | None, after: UUID | None, limit: int) -> Sequence[UUID] | None:
        """Return the next holders of a role or permission after a subject, in id order, or None if there is no such thing."""
