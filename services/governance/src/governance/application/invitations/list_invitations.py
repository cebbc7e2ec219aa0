from dataclasses import dataclass
from uuid import UUID

from governance.application.invitations.views import InvitationView, InvitationViews
from governance.application.organizations.authority import OrganizationAuthority
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.pages import Page, PageRequest


@dataclass(frozen=True, slots=True)
class ListInvitations:
    """List the invitations of an organization, newest first, for those who manage it."""

    views: InvitationViews
    authority: OrganizationAuthority
    clock: Clock

    async def __call__(self, *, actor: Actor, organization_id: UUID, page: PageRequest) -> Page[InvitationView]:
        """Raise NotFound or AccessDenied."""
        await self.authority.require_manager(actor, organization_id, reading="governance.invitation.list")
        return await self.views.invitations(organization_id, page, at=self.clock.now())
