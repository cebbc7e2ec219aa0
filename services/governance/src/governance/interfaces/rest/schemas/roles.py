"""The bodies of roles."""

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
    is_default: bool = Field(description="Held by subjects that no role has been assigned to yet", examples=[False])
    version: int = Field(description="The ETag, for If-Match", examples=[1])
    permissions: list[str] = Field(examples=[["audit:view", "payment:approve", "payment:create", "user:read"]])

    @classmethod
    def of(cls, role: RoleView) -> "RoleResponse":
        return cls.model_validate(role)


class RoleListResponse(ResponseModel):
    items: list[RoleResponse]


class RolePermissionsRequest(RequestModel):
    """All permissions the role shall have from now on."""

    permissions: list[PermissionName] = Field(max_length=PERMISSIONS_MAX, examples=[["user:read", "payment:create"]])
