from dataclasses import dataclass
from uuid import UUID

from governance.application.members.joining import end_membership, lock_member, require_managed
from governance.application.organizations.authority import OrganizationAuthority, within
from governance.application.ports.decisions import MANAGE_ORGANIZATION
from governance.application.ports.transaction import UnitOfWork
from governance.application.standings.authority import require_authority_within
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class RemoveMember:
    """End a membership, with the person's roles for the organization and its teams. Members may leave by themselves."""

    uow: UnitOfWork
    authority: OrganizationAuthority
    clock: Clock

    async def __call__(self, *, actor: Actor, organization_id: UUID, subject_id: UUID, reason: str) -> None:
        """Raise NotFound, AccessDenied, BeyondAuthority, or LastOrganizationAdministrator."""
        leaves = actor.user_id == subject_id
        if not leaves:
            await self.authority.require_manager(actor, organization_id)
        async with self.uow.begin(within(actor, organization_id)) as tx:
            await tx.standings.guard()
            at = self.clock.now()
            membership = await lock_member(tx, organization_id, subject_id, at=at)
            if not leaves:
                await require_authority_within(tx, actor, subject_id, organization_id=organization_id, at=at)
            had = await tx.memberships.can_be_managed(organization_id, MANAGE_ORGANIZATION, at=at)
            await end_membership(tx, membership, verb="leave" if leaves else "end", at=at, reason=reason)
            await require_managed(tx, organization_id, had=had and not self.authority.is_of_the_platform(actor), at=at)
