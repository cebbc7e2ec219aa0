from dataclasses import dataclass
from typing import Final

from governance.application.members.joining import end_membership
from governance.application.members.views import MembershipViews
from governance.application.organizations.authority import within
from governance.application.ports.transaction import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock

BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class EndMemberships:
    """End the memberships whose end has come, each with its fact, its event, and the person's roles for the organization."""

    uow: UnitOfWork
    views: MembershipViews
    clock: Clock

    async def __call__(self, *, actor: Actor) -> int:
        """Return how many were ended."""
        ended = 0
        while found := await self.views.ended(self.clock.now(), limit=BATCH):
            for organization_id, subject_id in found:
                async with self.uow.begin(within(actor, organization_id)) as tx:
                    await tx.standings.guard()
                    membership = await tx.memberships.lock(organization_id, subject_id)
                    at = self.clock.now()
                    if membership and membership.is_over(at):
                        await end_membership(tx, membership, verb="expire", at=at, reason="its end has come")
                        ended += 1
        return ended
