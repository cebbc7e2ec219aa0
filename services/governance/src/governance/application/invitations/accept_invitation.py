from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from governance.application.invitations.audit import INVITATION
from governance.application.invitations.views import InvitationViews
from governance.application.members.joining import give_roles, join_organization
from governance.application.members.views import MemberView
from governance.application.organizations.authority import within
from governance.application.ports.decisions import MANAGE_ORGANIZATION
from governance.application.ports.transaction import Transaction, UnitOfWork
from governance.domain.errors import InvitationUnusable, SelfGrant
from governance.domain.invitation import Invitation, digest_of
from kernel.actor import Actor, ActorKind
from kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class AcceptInvitation:
    """Join an organization by the code of an invitation. A person who has the code may use it, once.

    The inviter must still be able to manage the organization, and to give the roles: an invitation is no way to keep what they
    lost.
    """

    uow: UnitOfWork
    views: InvitationViews
    clock: Clock

    async def __call__(self, *, actor: Actor, code: str) -> MemberView:
        """Raise InvitationUnusable, OrganizationClosed, or a refusal of the roles."""
        found = await self.views.find(digest_of(code))
        if found is None:
            raise InvitationUnusable
        subject_id, organization_id = actor.user_id, found.organization_id
        async with self.uow.begin(within(actor, organization_id)) as tx:
            await tx.standings.guard()
            invitation = await tx.invitations.lock(found.id)
            at = self.clock.now()
            if invitation is None or not invitation.is_open(at):
                raise InvitationUnusable
            if invitation.invited_by == actor.subject_id:
                raise SelfGrant(subject_id=subject_id)
            inviter = await _inviter(tx, invitation, organization_id, at)
            membership = await join_organization(
                tx,
                organization_id=organization_id,
                subject_id=subject_id,
                ends_at=invitation.membership_ends_at,
                at=at,
                reason="invited",
            )
            holder = await tx.limited_holders.lock(subject_id)
            # A member who is invited again keeps the roles of before.
            roles = {*invitation.roles, *(holder.roles_of(organization_id) if holder else ())}
            await give_roles(
                tx,
                giver=inviter,
                membership=membership,
                roles=roles,
                at=at,
                reason="invited",
            )
            with tx.change(INVITATION, invitation, "accept", at=at):
                invitation.accept(subject_id, at=at)
            return MemberView(
                organization_id,
                subject_id,
                membership.joined_at,
                membership.ends_at,
                membership.manager_id,
                membership.version,
                tuple(sorted(roles)),
            )


async def _inviter(tx: Transaction, invitation: Invitation, organization_id: UUID, at: datetime) -> Actor:
    """Return the inviter as an actor. Raise InvitationUnusable if they may not manage the organization any more."""
    inviter = Actor(kind=ActorKind.USER, subject_id=invitation.invited_by)
    subject_id = inviter.user_id
    everywhere = await tx.holders.permissions_of(subject_id, at=at)
    here = await tx.holders.permissions_within(subject_id, organization_id, at=at)
    standing = await tx.standings.find(subject_id)
    membership = await tx.memberships.lock(organization_id, subject_id)
    is_member = membership is not None and not membership.is_over(at)
    if MANAGE_ORGANIZATION not in (everywhere | here if is_member else everywhere) or (standing and not standing.is_able):
        raise InvitationUnusable
    return inviter
