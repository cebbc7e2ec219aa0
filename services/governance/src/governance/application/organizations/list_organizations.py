from dataclasses import dataclass, replace

from governance.application.organizations.authority import OrganizationAuthority
from governance.application.organizations.views import OrganizationFilter, OrganizationView, OrganizationViews
from kernel.actor import Actor
from kernel.pages import Page, PageRequest
from kernel.reads import ReadOfOthers, Reads, given


@dataclass(frozen=True, slots=True)
class ListOrganizations:
    """List the organizations that the caller may see: all for `organization:read_any`, otherwise those it is a member of.

    A list with organizations of others is recorded.
    """

    views: OrganizationViews
    authority: OrganizationAuthority
    reads: Reads

    async def __call__(self, *, actor: Actor, page: PageRequest, wanted: OrganizationFilter) -> Page[OrganizationView]:
        if wanted.member_id is None and not self.authority.sees_all(actor):
            wanted = replace(wanted, member_id=actor.user_id)
            return await self.views.organizations(page, wanted)
        found = await self.views.organizations(page, wanted)
        own = await self.views.organizations_of_member(actor.user_id)
        if others := [each.id for each in found.items if each.id not in own]:
            filters = given(kind=wanted.kind, status=wanted.status, parent_id=wanted.parent_id, text=wanted.text)
            await self.reads.record(
                actor,
                ReadOfOthers(action="governance.organization.list", owners=others, filters=filters, shown=len(found.items)),
            )
        return found
