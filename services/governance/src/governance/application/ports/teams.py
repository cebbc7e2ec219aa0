from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from governance.domain.team import Team


class TeamRepository(Protocol):
    """Teams of the organization that the transaction is for."""

    async def lock(self, team_id: UUID) -> Team | None:
        """Find a team that was not removed, with its members, and lock it until the transaction ends."""

    async def lock_of(self, organization_id: UUID, subject_id: UUID) -> Sequence[Team]:
        """Lock the teams of a member, in the order of their ids."""

    async def ancestors(self, team_id: UUID, *, most: int) -> Sequence[UUID]:
        """Return the team and those of which it is a part, at most `most`."""

    async def is_of(self, team_id: UUID, organization_id: UUID) -> bool:
        """Return whether an organization has this team, not removed."""

    async def has_parts(self, team_id: UUID) -> bool: ...

    async def count(self, organization_id: UUID) -> int:
        """Count the teams of an organization."""

    async def has_name(self, organization_id: UUID, name: str, *, but: UUID | None = None) -> bool:
        """Return whether another team of the organization has this name, in whatever case."""

    def add(self, team: Team) -> None: ...
