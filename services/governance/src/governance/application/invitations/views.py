from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from governance.domain.invitation import Invitation
from kernel.pages import Page, PageRequest


class InvitationState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationView:
    """`address_hint` is all that is kept of the address."""

    id: UUID
    organization_id: UUID
    address_hint: str
    roles: tuple[str, ...]
    membership_ends_at: datetime | None
    invited_by: str
    invited_at: datetime
    expires_at: datetime
    accepted_by: UUID | None
    accepted_at: datetime | None
    withdrawn_at: datetime | None
    state: InvitationState

    @classmethod
    def of(cls, invitation: Invitation, *, at: datetime) -> "InvitationView":
        return cls(
            id=invitation.id,
            organization_id=invitation.organization_id,
            address_hint=invitation.address_hint,
            roles=invitation.roles,
            membership_ends_at=invitation.membership_ends_at,
            invited_by=invitation.invited_by,
            invited_at=invitation.invited_at,
            expires_at=invitation.expires_at,
            accepted_by=invitation.accepted_by,
            accepted_at=invitation.accepted_at,
            withdrawn_at=invitation.withdrawn_at,
            state=_state(invitation, at),
        )


def _state(invitation: Invitation, at: datetime) -> InvitationState:
    if invitation.accepted_at:
        return InvitationState.ACCEPTED
    if invitation.withdrawn_at:
        return InvitationState.WITHDRAWN
    return InvitationState.OPEN if at < invitation.expires_at else InvitationState.EXPIRED


@dataclass(frozen=True, slots=True)
class FoundInvitation:
    """What is needed to begin the transaction of an acceptance."""

    id: UUID
    organization_id: UUID


class InvitationViews(Protocol):
    async def invitations(self, organization_id: UUID, page: PageRequest, *, at: datetime) -> Page[InvitationView]:
        """Page through the invitations of an organization, newest first."""

    async def find(self, code_digest: str) -> FoundInvitation | None:
        """Find an invitation of any organization by the digest of its code."""
