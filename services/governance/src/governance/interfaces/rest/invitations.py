"""Routes for invitations to organizations."""

from uuid import UUID

from chassis.rest import Authenticated, CurrentActor, Envelope, PageOf, Paging, Router, envelope, page_of
from governance.interfaces.rest.dependencies import App
from governance.interfaces.rest.schemas.invitations import (
    AcceptInvitationRequest,
    InvitationResponse,
    InviteMemberRequest,
    WithdrawInvitationRequest,
)
from governance.interfaces.rest.schemas.members import MemberResponse
from kernel.assurance import NONE, RECENT
from kernel.reads import NOBODY

invitations = Router("", tags=["organizations"])


@invitations.get("/organizations/{organization_id}/invitations", dependencies=[Authenticated], reads=NOBODY)
async def list_invitations(
    organization_id: UUID, actor: CurrentActor, page: Paging, app: App
) -> Envelope[PageOf[InvitationResponse]]:
    """List the invitations of an organization, newest first, for those who manage it."""
    found = await app.invitations.list_invitations(actor=actor, organization_id=organization_id, page=page)
    return page_of(found, InvitationResponse.of)


@invitations.post(
    "/organizations/{organization_id}/invitations",
    status_code=201,
    dependencies=[Authenticated],
    idempotency="steps",
    assurance=RECENT,
)
async def invite_member(
    organization_id: UUID, body: InviteMemberRequest, actor: CurrentActor, app: App
) -> Envelope[InvitationResponse]:
    """Invite the owner of an e-mail address, with roles for the organization. The mail has a code, which is used once."""
    invitation = await app.invitations.invite_member(
        actor=actor,
        organization_id=organization_id,
        address=body.email,
        roles=body.roles,
        membership_ends_at=body.membership_ends_at,
        expires_at=body.expires_at,
    )
    return envelope(InvitationResponse.of(invitation))


@invitations.post(
    "/organizations/{organization_id}/invitations/{invitation_id}/withdraw", dependencies=[Authenticated], assurance=RECENT
)
async def withdraw_invitation(
    *,
    organization_id: UUID,
    invitation_id: UUID,
    body: WithdrawInvitationRequest,
    actor: CurrentActor,
    app: App,
) -> Envelope[InvitationResponse]:
    """Withdraw an invitation: its code opens nothing any more."""
    invitation = await app.invitations.withdraw_invitation(
        actor=actor, organization_id=organization_id, invitation_id=invitation_id, reason=body.reason
    )
    return envelope(InvitationResponse.of(invitation))


@invitations.post("/invitations/accept", dependencies=[Authenticated], assurance=NONE)
async def accept_invitation(body: AcceptInvitationRequest, actor: CurrentActor, app: App) -> Envelope[MemberResponse]:
    """Join an organization by the code of an invitation. A session acts for it after `PUT /sessions/{id}/organization`."""
    member = await app.invitations.accept_invitation(actor=actor, code=body.code.get_secret_value())
    return envelope(MemberResponse.of(member))
