from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from governance.application.invitations.audit import INVITATION
from governance.application.invitations.views import InvitationView
from governance.application.members.joining import require_lasting
from governance.application.organizations.authority import OrganizationAuthority, within
from governance.application.organizations.views import OrganizationViews
from governance.application.ports.invitations import InvitationMails
from governance.application.ports.transaction import Transaction, UnitOfWork
from governance.application.standings.authority import require_own_permissions
from governance.domain.errors import TooManyInvitations, UnknownRole
from governance.domain.invitation import OPEN_MAX, Invitation, new_code
from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class InviteMember:
    """Invite the owner of an e-mail address to an organization, with roles for it.

    Identity mails the code. The mail is asked for before the invitation is stored: if storing fails, the code opens nothing, and
    the repeated request sends another one. The address is kept by identity until the mail is delivered, and by nobody after that.
    """

    uow: UnitOfWork
    organizations: OrganizationViews
    authority: OrganizationAuthority
    mails: InvitationMails
    clock: Clock

    async def __call__(
        self,
        *,
        actor: Actor,
        organization_id: UUID,
        address: str,
        roles: Sequence[str],
        membership_ends_at: datetime | None,
        expires_at: datetime,
    ) -> InvitationView:
        """Raise NotFound, AccessDenied, OrganizationClosed, TooManyInvitations, InvalidValue, Unavailable, or refuse roles."""
        await self.authority.require_manager(actor, organization_id)
        organization = await self.organizations.organization(organization_id)
        if organization is None:
            raise NotFound(organization_id=organization_id)
        code, at = new_code(), self.clock.now()
        invitation = Invitation.make(
            organization_id,
            code=code,
            address=address,
            roles=tuple(roles),
            membership_ends_at=membership_ends_at,
            expires_at=expires_at,
            by=actor.subject_id,
            at=at,
        )
        acting = within(actor, organization_id)
        async with self.uow.begin(acting) as tx:
            await self._require_possible(tx, actor, invitation, at)
        await self.mails.send(invitation, code=code, address=address, organization=organization.name)
        async with self.uow.begin(acting) as tx:
            await self._require_possible(tx, actor, invitation, at)
            tx.invitations.add(invitation)
            tx.create(INVITATION, invitation, at=at)
        return InvitationView.of(invitation, at=at)

    async def _require_possible(self, tx: Transaction, actor: Actor, invitation: Invitation, at: datetime) -> None:
        organization = await tx.organizations.lock(invitation.organization_id)
        if organization is None:
            raise NotFound(organization_id=invitation.organization_id)
        organization.require_active()
        if await tx.invitations.open_ones(invitation.organization_id, at=at) >= OPEN_MAX:
            raise TooManyInvitations(most=OPEN_MAX)
        await require_lasting(tx, actor, invitation.organization_id, ends_at=invitation.membership_ends_at, at=at)
        hierarchy = await tx.roles.hierarchy()
        for name in invitation.roles:
            role = hierarchy.find(name)
            if role is None:
                raise UnknownRole(field="roles", role=name)
            role.require_active()
            permitted = hierarchy.permission_names(name)
            await require_own_permissions(tx, actor, name, permitted, at=at, organization_id=invitation.organization_id)
