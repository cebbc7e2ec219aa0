from dataclasses import dataclass
from uuid import UUID

from governance.application.teams.find_team import FindTeam
from governance.application.teams.views import TeamView
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class GetTeam:
    find: FindTeam

    async def __call__(self, *, actor: Actor, team_id: UUID) -> TeamView:
        """Raise NotFound."""
        return await self.find.for_reading(actor, team_id, reading="governance.team.read")
