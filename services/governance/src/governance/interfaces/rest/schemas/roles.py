"""Request and response bodies for roles."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chassis.rest import RequestModel, ResponseModel
from governance.application.roles.views import RoleView
from governance.interfaces.rest.dependencies import PERMISSION_PATTERN

PERMISSIONS_MAX = 200
PermissionName = Annotated[str, StringConstraints(pattern=PERMISSION_PATTERN)]


class RoleResponse(ResponseModel):
    name: str = Field(examples=["staff"])
    description: str = Field(examples=["Staff"])
    is_default: bool = Field(description="Subjects without any assignment so far have this role", examples=[False])
    version: int = Field(description="The version of the role, and its ETag for If-Match", examples=[1])
    permissions: list[str] = Field(examples=[["audit:view", "payment:approve", "payment:create", "user:read"]])

    @classmethod
    def of(cls, role: RoleView) -> "RoleResponse":
        return cls.model_validate(role)


class RoleListResponse(ResponseModel):
    items: list[RoleResponse]


class RolePermissionsRequest(RequestModel):
    """All permissions that the role will have."""

    permissions: list[PermissionName] = Field(max_length=PERMISSIONS_MAX, examples=[["user:read", "payment:create"]])
