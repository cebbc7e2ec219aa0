"""Request and response bodies for role assignments."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from chassis.rest import REASON, Moment, RequestModel, ResponseModel
from governance.application.role_assignments.views import AssignmentView, SubjectView
from governance.domain.limits import Limits
from governance.interfaces.rest.dependencies import REASON_LENGTH_MAX, ROLE_PATTERN

_SUBJECT = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"
_ADMIN = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a01"


_ORGANIZATION = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a20"
_TEAM = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a50"
_ASSIGNMENT = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a30"


class RoleAssignmentResponse(ResponseModel):
    id: UUID = Field(examples=[_ASSIGNMENT])
    subject_id: UUID = Field(examples=[_SUBJECT])
    role: str = Field(examples=["staff"])
    organization_id: UUID | None = Field(
        description="The role permits only what belongs to this organization; null: everywhere", examples=[None]
    )
    team_id: UUID | None = Field(description="And only of this team and its parts; null: not limited to a team", examples=[None])
    starts_at: datetime | None = Field(description="Permits nothing before; null: from the grant on", examples=[None])
    ends_at: datetime | None = Field(
        description="Permits nothing from then on; null: until it is revoked", examples=["2026-06-30T22:00:00Z"]
    )
    granted_by: str = Field(description="A user's id or a service's name", examples=[_ADMIN])
    granted_at: datetime = Field(examples=["2026-03-21T08:00:00Z"])
    reason: str | None = Field(examples=["joined the payments desk"])

    @classmethod
    def of(cls, assignment: AssignmentView) -> "RoleAssignmentResponse":
        return cls.model_validate(assignment)


class GrantRoleRequest(RequestModel):
    """Without an organization and dates, the role is in the user's access tokens."""

    subject_id: UUID = Field(examples=[_SUBJECT])
    role: str = Field(pattern=ROLE_PATTERN, examples=["staff"])
    organization_id: UUID | None = Field(
        default=None, description="Limit the role to what belongs to this organization", examples=[_ORGANIZATION]
    )
    team_id: UUID | None = Field(
        default=None, description="Limit it further, to a team of the organization and its parts", examples=[_TEAM]
    )
    starts_at: Moment | None = Field(default=None, examples=["2026-04-01T06:00:00Z"])
    ends_at: Moment | None = Field(
        default=None, description="Must be in the future and after starts_at", examples=["2026-06-30T22:00:00Z"]
    )
    reason: Annotated[
        str | None, Field(min_length=1, max_length=REASON_LENGTH_MAX, examples=["joined the payments desk"]), REASON
    ] = None

    @property
    def limits(self) -> Limits:
        return Limits(self.organization_id, self.starts_at, self.ends_at, self.team_id)


class SubjectRolesResponse(ResponseModel):
    """`roles` are those without limits: the default role until the first assignment. `assignments` are all."""

    subject_id: UUID = Field(examples=[_SUBJECT])
    roles: list[str] = Field(examples=[["staff", "user"]])
    assignments: list[RoleAssignmentResponse]

    @classmethod
    def of(cls, subject: SubjectView) -> "SubjectRolesResponse":
        return cls.model_validate(subject)


class RemainingRolesResponse(ResponseModel):
    subject_id: UUID = Field(examples=[_SUBJECT])
    roles: list[str] = Field(description="The roles that the subject still has", examples=[["user"]])
