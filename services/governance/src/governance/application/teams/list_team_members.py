from dataclasses import dataclass
from uuid import UUID

from governance.application.teams.find_team import FindTeam
from governance.application.teams.views import TeamMemberView, TeamViews
from kernel.actor import Actor
from kernel.pages import Page, PageRequest
from kernel.reads import ReadOfOthers, Reads


@dataclass(frozen=True, slots=True)
class ListTeamMembers:
    """List the members of a team, in the order of joining. The read is recorded."""

    views: TeamViews
    find: FindTeam
    reads: Reads

    async def __call__(self, *, actor: Actor, team_id: UUID, page: PageRequest) -> Page[TeamMemberView]:
        """Raise NotFound."""
        await self.find.for_reading(actor, team_id)
        found = await self.views.members(team_id, page)
        others = [member.subject_id for member in found.items if member.subject_id != actor.user_id]
        if others:
            read = ReadOfOthers(
                action="governance.team.list_members", resource_id=str(team_id), owners=others, shown=len(found.items)
            )
            await self.reads.record(actor, read)
        return found
