"""Use cases for invitations to organizations."""

from dataclasses import dataclass

from governance.application.invitations.accept_invitation import AcceptInvitation
from governance.application.invitations.invite_member import InviteMember
from governance.application.invitations.list_invitations import ListInvitations
from governance.application.invitations.withdraw_invitation import WithdrawInvitation


@dataclass(frozen=True, slots=True)
class Invitations:
    list_invitations: ListInvitations
    invite_member: InviteMember
    withdraw_invitation: WithdrawInvitation
    accept_invitation: AcceptInvitation
