from dataclasses import dataclass
from uuid import UUID

from governance.application.members.views import MembershipViews, MemberView
from governance.application.organizations.authority import OrganizationAuthority
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.reads import ReadOfOthers, Reads


@dataclass(frozen=True, slots=True)
class GetMember:
    """Get a member of an organization, whom other members may see. Reading another one is recorded."""

    views: MembershipViews
    authority: OrganizationAuthority
    reads: Reads

    async def __call__(self, *, actor: Actor, organization_id: UUID, subject_id: UUID) -> MemberView:
        """Raise NotFound."""
        await self.authority.require_reader(actor, organization_id)
        found = await self.views.member(organization_id, subject_id)
        if found is None:
            raise NotFound(organization_id=organization_id, subject_id=subject_id)
        if subject_id != actor.user_id:
            owners = (subject_id,)
            await self.reads.record(
                actor, ReadOfOthers(action="governance.membership.read", resource_id=str(organization_id), owners=owners)
            )
        return found
