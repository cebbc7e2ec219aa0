"""Request and response bodies for roles."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from chassis.rest import ONE_LINE, REASON, SEVERAL_LINES, RequestModel, ResponseModel
from governance.application.roles.views import RoleView
from governance.domain.role import DESCRIPTION_LENGTH_MAX, INCLUDED_MAX, TITLE_LENGTH_MAX
from governance.interfaces.rest.dependencies import PERMISSION_PATTERN, REASON_LENGTH_MAX, ROLE_PATTERN

PERMISSIONS_MAX = 200
PermissionName = Annotated[str, StringConstraints(pattern=PERMISSION_PATTERN)]
IncludedRole = Annotated[str, StringConstraints(pattern=ROLE_PATTERN)]
_OWN = "The role's own permissions"
_INCLUDED = "Roles whose permissions this role has too"


class RoleResponse(ResponseModel):
    name: str = Field(examples=["staff"])
    title: str = Field(examples=["Staff"])
    description: str = Field(examples=["The payments desk"])
    is_default: bool = Field(description="Subjects without any assignment so far have this role", examples=[False])
    is_system: bool = Field(description="The platform relies on it: it cannot be retired", examples=[True])
    version: int = Field(description="The version of the role, and its ETag for If-Match", examples=[1])
    retired_at: datetime | None = Field(description="Since when it permits nothing; null if it is in use", examples=[None])
    permissions: list[str] = Field(description=_OWN, examples=[["audit:view", "payment:approve", "payment:create", "user:read"]])
    includes: list[str] = Field(description="The roles that it includes itself", examples=[["user"]])
    effective_permissions: list[str] = Field(
        description="All that it permits, with the roles that it includes",
        examples=[["audit:view", "payment:approve", "payment:create", "user:read"]],
    )

    @classmethod
    def of(cls, role: RoleView) -> "RoleResponse":
        return cls.model_validate(role)


class RoleListResponse(ResponseModel):
    items: list[RoleResponse]


class CreateRoleRequest(RequestModel):
    name: str = Field(pattern=ROLE_PATTERN, description="Never changes, and is not used again", examples=["treasurer"])
    title: Annotated[str, Field(min_length=1, max_length=TITLE_LENGTH_MAX, examples=["Treasurer"]), ONE_LINE]
    description: Annotated[
        str, Field(max_length=DESCRIPTION_LENGTH_MAX, examples=["Pays for an organization"]), SEVERAL_LINES
    ] = ""
    permissions: list[PermissionName] = Field(
        default=[], max_length=PERMISSIONS_MAX, description=_OWN, examples=[["payment:create"]]
    )
    includes: list[IncludedRole] = Field(default=[], max_length=INCLUDED_MAX, description=_INCLUDED, examples=[["user"]])
    reason: Annotated[str | None, Field(min_length=1, max_length=REASON_LENGTH_MAX, examples=["resolution 12/2026"]), REASON] = (
        None
    )


class DescribeRoleRequest(RequestModel):
    """What is omitted stays as it is."""

    title: Annotated[str | None, Field(min_length=1, max_length=TITLE_LENGTH_MAX, examples=["Payments desk"]), ONE_LINE] = None
    description: Annotated[
        str | None, Field(max_length=DESCRIPTION_LENGTH_MAX, examples=["Makes and approves payments"]), SEVERAL_LINES
    ] = None


class RolePermissionsRequest(RequestModel):
    """All permissions that the role will have."""

    permissions: list[PermissionName] = Field(max_length=PERMISSIONS_MAX, examples=[["user:read", "payment:create"]])


class IncludedRolesRequest(RequestModel):
    """All roles that the role will include."""

    roles: list[IncludedRole] = Field(max_length=INCLUDED_MAX, description=_INCLUDED, examples=[["user"]])


class RetireRoleRequest(RequestModel):
    reason: Annotated[str, Field(min_length=3, max_length=REASON_LENGTH_MAX, examples=["the desk was closed"]), REASON]
