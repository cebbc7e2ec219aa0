from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from governance.domain.team import Team
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class TeamView:
    """`version` is compared with If-Match. `members` is their number."""

    id: UUID
    organization_id: UUID
    name: str
    parent_id: UUID | None
    created_at: datetime
    version: int
    members: int

    @classmethod
    def of(cls, team: Team) -> "TeamView":
        return cls(team.id, team.organization_id, team.name, team.parent_id, team.created_at, team.version, len(team.members))


@dataclass(frozen=True, slots=True)
class TeamMemberView:
    subject_id: UUID
    joined_at: datetime


class TeamViews(Protocol):
    """Teams that were removed are not among them."""

    async def teams(self, organization_id: UUID, page: PageRequest) -> Page[TeamView]:
        """Page through the teams of an organization, by name."""

    async def teams_of(self, subject_id: UUID, page: PageRequest) -> Page[TeamView]:
        """Page through the teams of a person, by name."""

    async def team(self, team_id: UUID) -> TeamView | None: ...

    async def chain(self, team_id: UUID) -> Sequence[UUID]:
        """Return a team, and the teams of which it is a part."""

    async def members(self, team_id: UUID, page: PageRequest) -> Page[TeamMemberView]:
        """Page through the members of a team, in the order of joining."""
