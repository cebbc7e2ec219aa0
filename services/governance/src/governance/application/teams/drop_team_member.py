from dataclasses import dataclass
from uuid import UUID

from governance.application.organizations.authority import within
from governance.application.ports.transaction import UnitOfWork
from governance.application.teams.audit import team_with
from governance.application.teams.find_team import FindTeam, lock_team
from governance.application.teams.views import TeamView
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class DropTeamMember:
    """Remove a person from a team; they stay a member of the organization. Doing so again changes nothing."""

    uow: UnitOfWork
    find: FindTeam
    clock: Clock

    async def __call__(self, *, actor: Actor, team_id: UUID, subject_id: UUID) -> TeamView:
        """Raise NotFound or AccessDenied."""
        found = await self.find.for_changing(actor, team_id)
        async with self.uow.begin(within(actor, found.organization_id)) as tx:
            team = await lock_team(tx, team_id)
            if subject_id in team.members:
                with tx.change(team_with(subject_id), team, "drop_member", at=self.clock.now()):
                    team.drop(subject_id)
            return TeamView.of(team)
