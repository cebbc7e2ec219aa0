from dataclasses import dataclass
from uuid import UUID

from governance.application.organizations.authority import within
from governance.application.ports.transaction import UnitOfWork
from governance.application.role_assignments.limited import revoke_limited
from governance.application.teams.audit import team_with
from governance.application.teams.find_team import FindTeam, lock_team
from governance.domain.errors import TeamHasParts
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class RemoveTeam:
    """Remove a team without parts. Roles that are limited to it are revoked."""

    uow: UnitOfWork
    find: FindTeam
    clock: Clock

    async def __call__(self, *, actor: Actor, team_id: UUID, reason: str) -> None:
        """Raise NotFound, AccessDenied, or TeamHasParts."""
        found = await self.find.for_changing(actor, team_id)
        async with self.uow.begin(within(actor, found.organization_id)) as tx:
            await tx.standings.guard()
            team = await lock_team(tx, team_id)
            if await tx.teams.has_parts(team_id):
                raise TeamHasParts(team_id=team_id)
            at = self.clock.now()
            for subject_id in await tx.limited_holders.of_team(team_id):
                holder = await tx.limited_holders.lock(subject_id)
                for assignment in list(holder.assignments.values()) if holder else ():
                    if holder and assignment.team_id == team_id:
                        revoke_limited(tx, holder, assignment, "revoke", at=at, reason=reason)
            with tx.change(team_with(), team, "remove", at=at, reason=reason):
                team.remove(at=at)
