from dataclasses import dataclass
from uuid import UUID

from governance.application.members.views import MembershipViews, MemberView
from governance.application.organizations.authority import OrganizationAuthority
from kernel.actor import Actor
from kernel.pages import Page, PageRequest
from kernel.reads import ReadOfOthers, Reads, given


@dataclass(frozen=True, slots=True)
class ListMembers:
    """List the members of an organization, in the order of joining, or those who report to a manager. The read is recorded."""

    views: MembershipViews
    authority: OrganizationAuthority
    reads: Reads

    async def __call__(
        self, *, actor: Actor, organization_id: UUID, page: PageRequest, manager_id: UUID | None = None
    ) -> Page[MemberView]:
        """Raise NotFound for callers who may not read the organization."""
        await self.authority.require_reader(actor, organization_id)
        found = await self.views.members(organization_id, page, manager_id=manager_id)
        others = [member.subject_id for member in found.items if member.subject_id != actor.user_id]
        if others:
            await self.reads.record(
                actor,
                ReadOfOthers(
                    action="governance.membership.list",
                    resource_id=str(organization_id),
                    owners=others,
                    filters=given(manager_id=manager_id),
                    shown=len(found.items),
                ),
            )
        return found
