"""Roles that a subject has within limits: in one organization, from a time on, or until a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from governance.domain.errors import TooManyAssignments
from governance.domain.events import LimitedRolesChanged
from governance.domain.limits import Limits
from kernel.events import Aggregate
from kernel.ids import new_id

# Each serving process of the platform keeps all of them in memory.
ASSIGNMENTS_MAX: Final = 100


@dataclass(eq=False)
class LimitedAssignment:
    """A role of a subject within limits: who granted it (a user's id or a service's name), when and why."""

    id: UUID
    subject_id: UUID
    role: str
    organization_id: UUID | None
    starts_at: datetime | None
    ends_at: datetime | None
    team_id: UUID | None
    granted_by: str
    granted_at: datetime
    reason: str | None = None
    # The exceptions from separations of duties that permit it; it ends with the first of them.
    exception_ids: tuple[UUID, ...] = ()

    @property
    def limits(self) -> Limits:
        return Limits(self.organization_id, self.starts_at, self.ends_at, self.team_id)


@dataclass(eq=False)
class LimitedHolder(Aggregate):
    """All limited roles of one subject. Their event always lists all of them; `version` grows with each change.

    They are apart from the roles without limits, which are in tokens: an earlier release would take a limited role for one
    without limits.
    """

    subject_id: UUID
    version: int = 0
    assignments: dict[UUID, LimitedAssignment] = field(default_factory=dict)

    def find(self, role: str, limits: Limits) -> LimitedAssignment | None:
        return next((each for each in self.assignments.values() if (each.role, each.limits) == (role, limits)), None)

    def roles_of(self, organization_id: UUID) -> tuple[str, ...]:
        """Return the roles for an organization as a whole, without dates."""
        limits = Limits(organization_id)
        return tuple(sorted(each.role for each in self.assignments.values() if each.limits == limits))

    def grant(self, role: str, limits: Limits, *, by: str, at: datetime, reason: str | None = None) -> LimitedAssignment:
        """Assign a role. Raise InvalidValue for impossible limits, or TooManyAssignments."""
        limits.require_possible(at=at)
        if len(self.assignments) >= ASSIGNMENTS_MAX:
            raise TooManyAssignments(most=ASSIGNMENTS_MAX)
        assignment = LimitedAssignment(new_id(), self.subject_id, role, *limits, by, at, reason)
        self.assignments[assignment.id] = assignment
        self._announce_all(at)
        return assignment

    def revoke(self, assignment_id: UUID, *, at: datetime) -> bool:
        """Revoke one. Return False if the subject does not have it."""
        if self.assignments.pop(assignment_id, None) is None:
            return False
        self._announce_all(at)
        return True

    def ended(self, at: datetime) -> Iterator[LimitedAssignment]:
        """Yield the assignments whose end has come, in the order of their ids."""
        for assignment_id in sorted(self.assignments):
            assignment = self.assignments[assignment_id]
            if assignment.ends_at and assignment.ends_at <= at:
                yield assignment

    @classmethod
    def register(cls, subject_id: UUID) -> Self:
        return cls(subject_id)

    def _announce_all(self, at: datetime) -> None:
        self.version += 1
        roles = tuple((each.role, each.limits) for _, each in sorted(self.assignments.items()))
        self.announce(LimitedRolesChanged(occurred_at=at, subject_id=self.subject_id, roles=roles, version=self.version))
