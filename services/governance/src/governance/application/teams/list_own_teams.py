from dataclasses import dataclass

from governance.application.teams.views import TeamView, TeamViews
from kernel.actor import Actor
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ListOwnTeams:
    """List the teams of the caller, in all organizations."""

    views: TeamViews

    async def __call__(self, *, actor: Actor, page: PageRequest) -> Page[TeamView]:
        return await self.views.teams_of(actor.user_id, page)
