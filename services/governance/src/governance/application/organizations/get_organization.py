from dataclasses import dataclass
from uuid import UUID

from governance.application.organizations.authority import OrganizationAuthority
from governance.application.organizations.views import OrganizationView, OrganizationViews
from kernel.actor import Actor
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class GetOrganization:
    views: OrganizationViews
    authority: OrganizationAuthority

    async def __call__(self, *, actor: Actor, organization_id: UUID) -> OrganizationView:
        """Raise NotFound, also for callers who may not read it."""
        await self.authority.require_reader(actor, organization_id, reading="governance.organization.read")
        if found := await self.views.organization(organization_id):
            return found
        raise NotFound(organization_id=organization_id)
