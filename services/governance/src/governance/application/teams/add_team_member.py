from dataclasses import dataclass
from uuid import UUID

from governance.application.organizations.authority import within
from governance.application.ports.transaction import UnitOfWork
from governance.application.teams.audit import team_with
from governance.application.teams.find_team import FindTeam, lock_team
from governance.application.teams.views import TeamView
from governance.domain.errors import NoMember
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class AddTeamMember:
    """Add a member of the organization to a team. Adding one again changes nothing."""

    uow: UnitOfWork
    find: FindTeam
    clock: Clock

    async def __call__(self, *, actor: Actor, team_id: UUID, subject_id: UUID) -> TeamView:
        """Raise NotFound, AccessDenied, NoMember or TeamFull."""
        found = await self.find.for_changing(actor, team_id)
        async with self.uow.begin(within(actor, found.organization_id)) as tx:
            at = self.clock.now()
            # The membership first, as when it ends.
            membership = await tx.memberships.lock(found.organization_id, subject_id)
            if membership is None or membership.is_over(at):
                raise NoMember(field="subject_id", subject_id=subject_id)
            team = await lock_team(tx, team_id)
            if subject_id not in team.members:
                with tx.change(team_with(subject_id), team, "add_member", at=at):
                    team.add(subject_id, at=at)
            return TeamView.of(team)
