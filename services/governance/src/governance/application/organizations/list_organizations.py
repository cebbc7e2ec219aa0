from dataclasses import dataclass, replace

from governance.application.organizations.authority import OrganizationAuthority
from governance.application.organizations.views import OrganizationFilter, OrganizationView, OrganizationViews
from kernel.actor import Actor
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ListOrganizations:
    """List the organizations that the caller may see: all for `organization:read_any`, otherwise those it is a member of."""

    views: OrganizationViews
    authority: OrganizationAuthority

    async def __call__(self, *, actor: Actor, page: PageRequest, wanted: OrganizationFilter) -> Page[OrganizationView]:
        if wanted.member_id is None and not self.authority.sees_all(actor):
            wanted = replace(wanted, member_id=actor.user_id)
        return await self.views.organizations(page, wanted)
