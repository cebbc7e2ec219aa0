"""Find a team with what its reader or manager needs, and lock it for a change."""

from dataclasses import dataclass
from uuid import UUID

from governance.application.organizations.authority import OrganizationAuthority
from governance.application.ports.transaction import Transaction
from governance.application.teams.views import TeamView, TeamViews
from governance.domain.team import Team
from kernel.actor import Actor
from kernel.errors import NotFound, StaleVersion


@dataclass(frozen=True, slots=True)
class FindTeam:
    """For others than members of the organization, and those who may read it, a team does not exist."""

    views: TeamViews
    authority: OrganizationAuthority

    async def for_reading(self, actor: Actor, team_id: UUID, *, reading: str | None = None) -> TeamView:
        """Raise NotFound."""
        found = await self._find(team_id)
        await self.authority.require_reader(actor, found.organization_id, reading=reading)
        return found

    async def for_changing(self, actor: Actor, team_id: UUID) -> TeamView:
        """Raise NotFound, or AccessDenied unless the actor manages the organization, the team, or one of which it is a part."""
        found = await self._find(team_id)
        await self.authority.require_manager(actor, found.organization_id, teams=await self.views.chain(team_id))
        return found

    async def _find(self, team_id: UUID) -> TeamView:
        if found := await self.views.team(team_id):
            return found
        raise NotFound(team_id=team_id)


async def lock_team(tx: Transaction, team_id: UUID, *, version: int | None = None) -> Team:
    """Raise NotFound, or StaleVersion unless it has this version."""
    team = await tx.teams.lock(team_id)
    if team is None:
        raise NotFound(team_id=team_id)
    if version is not None and team.version != version:
        raise StaleVersion(field="If-Match", team_id=team_id, version=team.version)
    return team
