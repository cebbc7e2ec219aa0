from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from governance.application.members.joining import give_roles, lock_member, require_managed
from governance.application.members.views import MemberView
from governance.application.organizations.authority import OrganizationAuthority, within
from governance.application.ports.decisions import MANAGE_ORGANIZATION
from governance.application.ports.transaction import UnitOfWork
from governance.domain.errors import SelfGrant
from kernel.actor import Actor
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class SetMemberRoles:
    """Set what a member may do for the organization: exactly these roles, limited to it."""

    uow: UnitOfWork
    authority: OrganizationAuthority
    clock: Clock

    async def __call__(
        self, *, actor: Actor, organization_id: UUID, subject_id: UUID, roles: Collection[str], reason: str
    ) -> MemberView:
        """Raise NotFound, AccessDenied, SelfGrant for the actor's own, and what `give_roles` raises."""
        await self.authority.require_manager(actor, organization_id)
        if actor.user_id == subject_id:
            raise SelfGrant(subject_id=subject_id)
        async with self.uow.begin(within(actor, organization_id)) as tx:
            await tx.standings.guard()
            at = self.clock.now()
            membership = await lock_member(tx, organization_id, subject_id, at=at)
            had = await tx.memberships.can_be_managed(organization_id, MANAGE_ORGANIZATION, at=at)
            await give_roles(
                tx,
                giver=actor,
                membership=membership,
                roles=roles,
                at=at,
                reason=reason,
            )
            await require_managed(tx, organization_id, had=had and not self.authority.is_of_the_platform(actor), at=at)
            return MemberView(
                organization_id,
                subject_id,
                membership.joined_at,
                membership.ends_at,
                membership.manager_id,
                membership.version,
                tuple(sorted(set(roles))),
            )
