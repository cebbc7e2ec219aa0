from dataclasses import dataclass
from uuid import UUID

from governance.application.organizations.authority import OrganizationAuthority, within
from governance.application.ports.transaction import UnitOfWork
from governance.application.teams.audit import team_with
from governance.application.teams.find_team import lock_team
from governance.application.teams.views import TeamView, TeamViews
from governance.domain.errors import TooManyLevels, TooManyTeams, UnknownTeam
from governance.domain.organization import LEVELS_MAX
from governance.domain.team import TEAMS_MAX, Team
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import AlreadyExists, NotFound


@dataclass(frozen=True, slots=True)
class CreateTeam:
    """Create a team of an organization, or a part of a team. Managers of a team may create its parts."""

    uow: UnitOfWork
    views: TeamViews
    authority: OrganizationAuthority
    clock: Clock

    async def __call__(self, *, actor: Actor, organization_id: UUID, name: str, parent_id: UUID | None) -> TeamView:
        """Raise NotFound, AccessDenied, OrganizationClosed, UnknownTeam, TooManyLevels, TooManyTeams, or AlreadyExists (name)."""
        teams = await self.views.chain(parent_id) if parent_id else ()
        await self.authority.require_manager(actor, organization_id, teams=teams)
        at = self.clock.now()
        team = Team.create(organization_id, name, parent_id=parent_id, at=at)
        async with self.uow.begin(within(actor, organization_id)) as tx:
            organization = await tx.organizations.lock(organization_id)
            if organization is None:
                raise NotFound(organization_id=organization_id)
            organization.require_open()
            if parent_id:
                if not await tx.teams.is_of(parent_id, organization_id):
                    raise UnknownTeam(field="parent_id", team_id=parent_id)
                await lock_team(tx, parent_id)
                if len(await tx.teams.ancestors(parent_id, most=LEVELS_MAX)) >= LEVELS_MAX:
                    raise TooManyLevels(field="parent_id", most=LEVELS_MAX)
            if await tx.teams.count(organization_id) >= TEAMS_MAX:
                raise TooManyTeams(most=TEAMS_MAX)
            if await tx.teams.has_name(organization_id, name):
                raise AlreadyExists(field="name", name=name)
            tx.teams.add(team)
            tx.create(team_with(), team, at=at)
        return TeamView.of(team)
