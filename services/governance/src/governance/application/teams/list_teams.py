from dataclasses import dataclass
from uuid import UUID

from governance.application.organizations.authority import OrganizationAuthority
from governance.application.teams.views import TeamView, TeamViews
from kernel.actor import Actor
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ListTeams:
    """List the teams of an organization, by name."""

    views: TeamViews
    authority: OrganizationAuthority

    async def __call__(self, *, actor: Actor, organization_id: UUID, page: PageRequest) -> Page[TeamView]:
        """Raise NotFound for callers who may not read the organization."""
        await self.authority.require_reader(actor, organization_id, reading="governance.team.list")
        return await self.views.teams(organization_id, page)
