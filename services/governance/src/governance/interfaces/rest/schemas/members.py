"""Request and response bodies for members of organizations."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from chassis.rest import REASON, Moment, RequestModel, ResponseModel
from governance.application.members.views import MemberView
from governance.domain.invitation import ROLES_MAX
from governance.interfaces.rest.dependencies import REASON_LENGTH_MAX, ROLE_PATTERN

_ORGANIZATION = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a20"
_SUBJECT = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"
_ROLES = "Roles for the organization: what the member may do there"
RoleNames = list[Annotated[str, StringConstraints(pattern=ROLE_PATTERN)]]
_Reason = Annotated[str, Field(min_length=3, max_length=REASON_LENGTH_MAX, examples=["new head of finance"]), REASON]


class MemberResponse(ResponseModel):
    organization_id: UUID = Field(examples=[_ORGANIZATION])
    subject_id: UUID = Field(examples=[_SUBJECT])
    joined_at: datetime = Field(examples=["2026-03-21T08:00:00Z"])
    ends_at: datetime | None = Field(description="When the membership ends by itself; null: not", examples=[None])
    manager_id: UUID | None = Field(description="The member to whom this one reports", examples=[None])
    version: int = Field(description="The version of the membership, and its ETag for If-Match", examples=[1])
    roles: list[str] = Field(description=_ROLES, examples=[["organization-admin"]])

    @classmethod
    def of(cls, member: MemberView) -> "MemberResponse":
        return cls.model_validate(member)


class AddMemberRequest(RequestModel):
    subject_id: UUID = Field(examples=[_SUBJECT])
    roles: RoleNames = Field(default=[], max_length=ROLES_MAX, description=_ROLES, examples=[["organization-admin"]])
    ends_at: Moment | None = Field(
        default=None, description="When the membership ends by itself", examples=["2026-12-31T22:00:00Z"]
    )
    reason: _Reason


class ChangeMemberRequest(RequestModel):
    """Both replace what is there; null removes it."""

    manager_id: UUID | None = Field(description="A member of the organization", examples=[_SUBJECT])
    ends_at: Moment | None = Field(examples=["2026-12-31T22:00:00Z"])


class MemberRolesRequest(RequestModel):
    """All roles that the member will have for the organization."""

    roles: RoleNames = Field(max_length=ROLES_MAX, description=_ROLES, examples=[["organization-admin"]])
    reason: _Reason
