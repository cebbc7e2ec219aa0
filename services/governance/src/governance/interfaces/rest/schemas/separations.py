"""Request and response bodies for separations of duties."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from chassis.rest import REASON, SEVERAL_LINES, RequestModel, ResponseModel
from governance.application.separations.views import SeparationView
from governance.domain.separation import DESCRIPTION_LENGTH_MAX, EXEMPT_ROLES_MAX, DutyConflict, SeparatedDuties
from governance.interfaces.rest.dependencies import PERMISSION_PATTERN, REASON_LENGTH_MAX, ROLE_PATTERN

_EXEMPT = "Roles to which it does not apply, such as that of the last administrators"


class SeparationRequest(RequestModel):
    """Two permissions that nobody may have together."""

    first: str = Field(pattern=PERMISSION_PATTERN, examples=["payment:create"])
    second: str = Field(pattern=PERMISSION_PATTERN, examples=["payment:approve"])
    exempt_roles: list[Annotated[str, StringConstraints(pattern=ROLE_PATTERN)]] = Field(
        default=[], max_length=EXEMPT_ROLES_MAX, description=_EXEMPT, examples=[["admin"]]
    )
    description: Annotated[
        str, Field(max_length=DESCRIPTION_LENGTH_MAX, examples=["Nobody approves what they could have made"]), SEVERAL_LINES
    ] = ""
    reason: Annotated[str, Field(min_length=3, max_length=REASON_LENGTH_MAX, examples=["finding 7 of the auditor"]), REASON]

    @property
    def duties(self) -> SeparatedDuties:
        return SeparatedDuties(
            first=self.first, second=self.second, exempt_roles=tuple(self.exempt_roles), description=self.description
        )


class SeparationResponse(ResponseModel):
    name: str = Field(examples=["pay-and-approve"])
    first: str = Field(examples=["payment:create"])
    second: str = Field(examples=["payment:approve"])
    exempt_roles: list[str] = Field(description=_EXEMPT, examples=[["admin"]])
    description: str = Field(examples=["Nobody approves what they could have made"])
    version: int = Field(description="The version of the separation, and its ETag for If-Match", examples=[1])
    is_withdrawn: bool = Field(examples=[False])

    @classmethod
    def of(cls, separation: SeparationView) -> "SeparationResponse":
        return cls.model_validate(separation)


class DutyConflictResponse(ResponseModel):
    """A person who has both duties."""

    separation: str = Field(examples=["pay-and-approve"])
    subject_id: UUID = Field(examples=["0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"])
    first_role: str = Field(description="The role by which the person has the first permission", examples=["clerk"])
    second_role: str = Field(description="The role by which the person has the second one", examples=["approver"])
    organization_id: UUID | None = Field(description="Where the person has both; null: everywhere", examples=[None])
    ends_at: datetime | None = Field(description="When one of the roles ends; null: not by itself", examples=[None])

    @classmethod
    def of(cls, conflict: DutyConflict) -> "DutyConflictResponse":
        return cls.model_validate(conflict)
