"""The bodies of governance's REST API."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from chassis.rest import REASON, RequestModel, ResponseModel
from governance.application.queries import AssignmentView, BundleView, PermissionView, PolicyText, RoleView, SubjectView
from governance.domain.role_holder import RoleAssignment
from governance.interfaces.rest.dependencies import PERMISSION_PATTERN, REASON_LENGTH_MAX, ROLE_PATTERN

PERMISSIONS_MAX = 200
PermissionName = Annotated[str, StringConstraints(pattern=PERMISSION_PATTERN)]
_SUBJECT = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"
_ADMIN = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a01"


class RoleBody(ResponseModel):
    name: str = Field(examples=["staff"])
    description: str = Field(examples=["Staff"])
    is_default: bool = Field(description="Held by subjects that no role has been assigned to yet", examples=[False])
    version: int = Field(description="The ETag, for If-Match", examples=[1])
    permissions: list[str] = Field(examples=[["audit:view", "payment:approve", "payment:create", "user:read"]])

    @classmethod
    def of(cls, role: RoleView) -> "RoleBody":
        return cls.model_validate(role)


class RoleList(ResponseModel):
    items: list[RoleBody]


class PermissionBody(ResponseModel):
    name: str = Field(examples=["payment:approve"])
    description: str = Field(examples=["Approve a payment"])

    @classmethod
    def of(cls, permission: PermissionView) -> "PermissionBody":
        return cls.model_validate(permission)


class PermissionList(ResponseModel):
    items: list[PermissionBody]


class RolePermissionsRequest(RequestModel):
    """All permissions the role shall have from now on."""

    permissions: list[PermissionName] = Field(max_length=PERMISSIONS_MAX, examples=[["user:read", "payment:create"]])


class AssignmentBody(ResponseModel):
    subject_id: UUID = Field(examples=[_SUBJECT])
    role: str = Field(examples=["staff"])
    granted_by: str = Field(description="A user's id or a service's name", examples=[_ADMIN])
    granted_at: datetime = Field(examples=["2026-03-21T08:00:00Z"])
    reason: str | None = Field(examples=["joined the payments desk"])

    @classmethod
    def of(cls, assignment: AssignmentView | RoleAssignment) -> "AssignmentBody":
        return cls.model_validate(assignment)


class GrantRoleRequest(RequestModel):
    subject_id: UUID = Field(examples=[_SUBJECT])
    role: str = Field(pattern=ROLE_PATTERN, examples=["staff"])
    reason: Annotated[
        str | None, Field(min_length=1, max_length=REASON_LENGTH_MAX, examples=["joined the payments desk"]), REASON
    ] = None


class SubjectRolesBody(ResponseModel):
    """`roles` are the effective ones: the default role until the first assignment."""

    subject_id: UUID = Field(examples=[_SUBJECT])
    roles: list[str] = Field(examples=[["staff", "user"]])
    assignments: list[AssignmentBody]

    @classmethod
    def of(cls, subject: SubjectView) -> "SubjectRolesBody":
        return cls.model_validate(subject)


class RemainingRolesBody(ResponseModel):
    subject_id: UUID = Field(examples=[_SUBJECT])
    roles: list[str] = Field(description="What the subject still holds", examples=[["user"]])


class BundleBody(ResponseModel):
    version: int = Field(examples=[3])
    id: UUID = Field(examples=[_SUBJECT])
    digest: str = Field(description="SHA-256 of policies and schema", examples=["9f86d081884c7d65…"])
    published_by: str = Field(examples=["governance"])
    published_at: datetime = Field(examples=["2026-03-21T08:00:00Z"])

    @classmethod
    def of(cls, bundle: BundleView) -> "BundleBody":
        return cls.model_validate(bundle)


class PoliciesBody(BundleBody):
    policies: str = Field(
        description="Cedar policies",
        examples=['@id("role:guest")\npermit(principal in Role::"guest", action in [Action::"user:read"], resource);'],
    )
    cedar_schema: str = Field(description="Cedar schema, as JSON", examples=['{"": {"entityTypes": {}, "actions": {}}}'])

    @classmethod
    def of_text(cls, text: PolicyText) -> "PoliciesBody":
        bundle = BundleBody.of(text.bundle)
        return cls(**bundle.model_dump(), policies=text.policies, cedar_schema=text.schema)
