from dataclasses import dataclass
from uuid import UUID

from governance.application.invitations.audit import INVITATION
from governance.application.invitations.views import InvitationView
from governance.application.organizations.authority import OrganizationAuthority, within
from governance.application.ports.transaction import UnitOfWork
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class WithdrawInvitation:
    """Withdraw an invitation: its code opens nothing any more. One that was accepted or withdrawn stays as it is."""

    uow: UnitOfWork
    authority: OrganizationAuthority
    clock: Clock

    async def __call__(self, *, actor: Actor, organization_id: UUID, invitation_id: UUID, reason: str) -> InvitationView:
        """Raise NotFound or AccessDenied."""
        await self.authority.require_manager(actor, organization_id)
        async with self.uow.begin(within(actor, organization_id)) as tx:
            invitation = await tx.invitations.lock(invitation_id)
            if invitation is None or invitation.organization_id != organization_id:
                raise NotFound(invitation_id=invitation_id)
            at = self.clock.now()
            if not invitation.accepted_at and not invitation.withdrawn_at:
                with tx.change(INVITATION, invitation, "withdraw", at=at, reason=reason):
                    invitation.withdraw(at=at)
            return InvitationView.of(invitation, at=at)
