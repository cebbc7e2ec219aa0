"""Request and response bodies for role assignments."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from chassis.rest import REASON, RequestModel, ResponseModel
from governance.application.role_assignments.views import AssignmentView, SubjectView
from governance.domain.role_holder import RoleAssignment
from governance.interfaces.rest.dependencies import REASON_LENGTH_MAX, ROLE_PATTERN

_SUBJECT = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"
_ADMIN = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a01"


class RoleAssignmentResponse(ResponseModel):
    subject_id: UUID = Field(examples=[_SUBJECT])
    role: str = Field(examples=["staff"])
    granted_by: str = Field(description="A user's id or a service's name", examples=[_ADMIN])
    granted_at: datetime = Field(examples=["2026-03-21T08:00:00Z"])
    reason: str | None = Field(examples=["joined the payments desk"])

    @classmethod
    def of(cls, assignment: AssignmentView | RoleAssignment) -> "RoleAssignmentResponse":
        return cls.model_validate(assignment)


class GrantRoleRequest(RequestModel):
    subject_id: UUID = Field(examples=[_SUBJECT])
    role: str = Field(pattern=ROLE_PATTERN, examples=["staff"])
    reason: Annotated[
        str | None, Field(min_length=1, max_length=REASON_LENGTH_MAX, examples=["joined the payments desk"]), REASON
    ] = None


class SubjectRolesResponse(ResponseModel):
    """`roles` are the effective roles: the default role until the first assignment."""

    subject_id: UUID = Field(examples=[_SUBJECT])
    roles: list[str] = Field(examples=[["staff", "user"]])
    assignments: list[RoleAssignmentResponse]

    @classmethod
    def of(cls, subject: SubjectView) -> "SubjectRolesResponse":
        return cls.model_validate(subject)


class RemainingRolesResponse(ResponseModel):
    subject_id: UUID = Field(examples=[_SUBJECT])
    roles: list[str] = Field(description="The roles that the subject still has", examples=[["user"]])
