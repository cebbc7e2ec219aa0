"""Teams of an organization. Teams may be parts of teams."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from governance.domain.errors import TeamFull
from kernel.errors import InvalidValue
from kernel.events import Aggregate
from kernel.ids import new_id

NAME_LENGTH_MAX: Final = 80
MEMBERS_MAX: Final = 500
TEAMS_MAX: Final = 500


@dataclass(eq=False)
class TeamMember:
    team_id: UUID
    organization_id: UUID
    subject_id: UUID
    joined_at: datetime


@dataclass(eq=False)
class Team(Aggregate):
    """A removed team has `removed_at` and no members."""

    id: UUID
    organization_id: UUID
    name: str
    parent_id: UUID | None
    created_at: datetime
    removed_at: datetime | None = None
    version: int = 1
    members: dict[UUID, TeamMember] = field(default_factory=dict)

    @classmethod
    def create(cls, organization_id: UUID, name: str, *, parent_id: UUID | None, at: datetime) -> Self:
        _check_name(name)
        return cls(new_id(), organization_id, name, parent_id, at)

    def rename(self, name: str) -> bool:
        """Return False if it has this name already."""
        _check_name(name)
        if name == self.name:
            return False
        self.name = name
        self.version += 1
        return True

    def add(self, subject_id: UUID, *, at: datetime) -> bool:
        """Add a member of the organization. Return False if it is in the team already. Raise TeamFull."""
        if subject_id in self.members:
            return False
        if len(self.members) >= MEMBERS_MAX:
            raise TeamFull(team_id=self.id, most=MEMBERS_MAX)
        self.members[subject_id] = TeamMember(self.id, self.organization_id, subject_id, at)
        self.version += 1
        return True

    def drop(self, subject_id: UUID) -> bool:
        """Remove a person from the team. Return False if they are not in it."""
        if self.members.pop(subject_id, None) is None:
            return False
        self.version += 1
        return True

    def remove(self, *, at: datetime) -> None:
        self.members.clear()
        self.removed_at = at
        self.version += 1


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= NAME_LENGTH_MAX:
        raise InvalidValue(field="name", expected=f"1 to {NAME_LENGTH_MAX} characters")
