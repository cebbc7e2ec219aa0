"""A subject and the roles assigned to it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from uuid import UUID

from governance.domain.events import SubjectRolesChanged
from kernel.events import Aggregate
from kernel.ids import new_id


@dataclass(eq=False)
class RoleAssignment:
    """One role of one subject: who granted it (a user's id or a service's name), when and why."""

    subject_id: UUID
    role: str
    granted_by: str
    granted_at: datetime
    reason: str | None = None
    id: UUID = field(default_factory=new_id)


@dataclass(eq=False)
class RoleHolder(Aggregate):
    """All role assignments of one subject. They change together, so that its event always lists all roles.

    `welcomed_at` is when the subject received its first role after identity announced it. It is set once. `version` grows with
    each change; the database raises it once more per assignment, also for a release that does not know it.
    """

    subject_id: UUID
    welcomed_at: datetime | None = None
    assignments: dict[str, RoleAssignment] = field(default_factory=dict)
    version: int = 1

    @classmethod
    def register(cls, subject_id: UUID) -> Self:
        return cls(subject_id)

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(sorted(self.assignments))

    def grant(self, role: str, *, by: str, at: datetime, reason: str | None = None) -> bool:
        """Assign a role. Return False, and change nothing, if the subject has it already."""
        if role in self.assignments:
            return False
        self.assignments[role] = RoleAssignment(self.subject_id, role, by, at, reason)
        self._announce_roles(at)
        return True

    def revoke(self, role: str, *, at: datetime) -> bool:
        """Revoke a role. Return False if the subject does not have it."""
        if role not in self.assignments:
            return False
        del self.assignments[role]
        self._announce_roles(at)
        return True

    def welcome(self, role: str, *, by: str, at: datetime) -> bool:
        """Assign the first role, once: a repeated announcement must not undo a later revocation."""
        if self.welcomed_at:
            return False
        self.welcomed_at = at
        return self.grant(role, by=by, at=at)

    def _announce_roles(self, at: datetime) -> None:
        self.version += 1
        self.announce(SubjectRolesChanged(occurred_at=at, subject_id=self.subject_id, roles=self.roles, version=self.version))
