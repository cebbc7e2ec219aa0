"""Response bodies for permissions."""

from pydantic import Field

from chassis.rest import ResponseModel
from governance.application.permissions.views import PermissionView


class PermissionResponse(ResponseModel):
    name: str = Field(examples=["payment:approve"])
    description: str = Field(examples=["Approve a payment"])
    category: str = Field(description="Groups permissions for people who choose some", examples=["payments"])

    @classmethod
    def of(cls, permission: PermissionView) -> "PermissionResponse":
        return cls.model_validate(permission)


class PermissionListResponse(ResponseModel):
    items: list[PermissionResponse]
