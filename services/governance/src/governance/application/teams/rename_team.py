from dataclasses import dataclass
from uuid import UUID

from governance.application.organizations.authority import within
from governance.application.ports.transaction import UnitOfWork
from governance.application.teams.audit import team_with
from governance.application.teams.find_team import FindTeam, lock_team
from governance.application.teams.views import TeamView
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import AlreadyExists


@dataclass(frozen=True, slots=True)
class RenameTeam:
    uow: UnitOfWork
    find: FindTeam
    clock: Clock

    async def __call__(self, *, actor: Actor, team_id: UUID, name: str, version: int) -> TeamView:
        """Raise NotFound, AccessDenied, StaleVersion, or AlreadyExists for the name."""
        found = await self.find.for_changing(actor, team_id)
        async with self.uow.begin(within(actor, found.organization_id)) as tx:
            await tx.organizations.lock(found.organization_id)
            team = await lock_team(tx, team_id, version=version)
            if name != team.name:
                if await tx.teams.has_name(team.organization_id, name, but=team_id):
                    raise AlreadyExists(field="name", name=name)
                with tx.change(team_with(), team, "rename", at=self.clock.now()):
                    team.rename(name)
            return TeamView.of(team)
