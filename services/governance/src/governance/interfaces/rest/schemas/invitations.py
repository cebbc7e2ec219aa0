"""Request and response bodies for invitations."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, SecretStr

from chassis.rest import AS_SENT, REASON, VERBATIM, Moment, RequestModel, ResponseModel
from governance.application.invitations.views import InvitationState, InvitationView
from governance.domain.invitation import ROLES_MAX
from governance.interfaces.rest.dependencies import REASON_LENGTH_MAX
from governance.interfaces.rest.schemas.members import RoleNames

_ORGANIZATION = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a20"
_INVITER = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a01"


class InvitationResponse(ResponseModel):
    """The code is only in the mail."""

    id: UUID = Field(examples=["0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a60"])
    organization_id: UUID = Field(examples=[_ORGANIZATION])
    address_hint: str = Field(description="What is kept of the address", examples=["n…@oshana.example"])
    roles: list[str] = Field(description="The roles for the organization that the person gets", examples=[["organization-admin"]])
    membership_ends_at: datetime | None = Field(examples=[None])
    invited_by: str = Field(examples=[_INVITER])
    invited_at: datetime = Field(examples=["2026-03-21T08:00:00Z"])
    expires_at: datetime = Field(examples=["2026-03-28T08:00:00Z"])
    accepted_by: UUID | None = Field(examples=[None])
    accepted_at: datetime | None = Field(examples=[None])
    withdrawn_at: datetime | None = Field(examples=[None])
    state: InvitationState = Field(examples=["open"])

    @classmethod
    def of(cls, invitation: InvitationView) -> "InvitationResponse":
        return cls.model_validate(invitation)


class InviteMemberRequest(RequestModel):
    email: Annotated[str, Field(min_length=3, max_length=254, examples=["ndapewa@oshana.example"]), AS_SENT]
    roles: RoleNames = Field(default=[], max_length=ROLES_MAX, examples=[["organization-admin"]])
    membership_ends_at: Moment | None = Field(
        default=None, description="When the membership ends by itself", examples=["2026-12-31T22:00:00Z"]
    )
    expires_at: Moment = Field(description="Within 30 days", examples=["2026-03-28T08:00:00Z"])


class WithdrawInvitationRequest(RequestModel):
    reason: Annotated[str, Field(min_length=3, max_length=REASON_LENGTH_MAX, examples=["sent to the wrong address"]), REASON]


class AcceptInvitationRequest(RequestModel):
    code: Annotated[
        SecretStr, Field(min_length=16, max_length=100, examples=["MZXW-6YTB-OI5A-J5K7-Q2LM-WX4D-2ZTR-PBCD"]), VERBATIM
    ]
