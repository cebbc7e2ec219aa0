"""Request and response bodies for organizations."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from chassis.rest import ONE_LINE, REASON, RequestModel, ResponseModel
from governance.application.organizations.views import OrganizationView
from governance.domain.organization import (
    CONTACT_LENGTH_MAX,
    NAME_LENGTH_MAX,
    REGISTRATION_LENGTH_MAX,
    OrganizationDetails,
    OrganizationKind,
    OrganizationStatus,
)
from governance.interfaces.rest.dependencies import REASON_LENGTH_MAX

_ID = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a20"
_NAME = "Oshana Meat Traders (Pty) Ltd"
_Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX, examples=[_NAME]), ONE_LINE]
_Number = Annotated[str | None, Field(min_length=1, max_length=REGISTRATION_LENGTH_MAX, examples=["2019/0457"]), ONE_LINE]
_Contact = Annotated[str | None, Field(min_length=1, max_length=CONTACT_LENGTH_MAX, examples=["office@oshana.example"]), ONE_LINE]


class OrganizationResponse(ResponseModel):
    id: UUID = Field(examples=[_ID])
    kind: OrganizationKind = Field(examples=["merchant"])
    name: str = Field(examples=[_NAME])
    registration_number: str | None = Field(examples=["2019/0457"])
    contact_email: str | None = Field(examples=["office@oshana.example"])
    contact_phone: str | None = Field(examples=["+264 65 220 000"])
    parent_id: UUID | None = Field(description="The organization of which it is a part", examples=[None])
    created_by: str = Field(description="A user's id or a service's name", examples=["0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a01"])
    created_at: datetime = Field(examples=["2026-03-21T08:00:00Z"])
    status: OrganizationStatus = Field(description="Nobody acts for one that is not active", examples=["active"])
    version: int = Field(description="The version of the organization, and its ETag for If-Match", examples=[1])

    @classmethod
    def of(cls, organization: OrganizationView) -> "OrganizationResponse":
        return cls.model_validate(organization)


class CreateOrganizationRequest(RequestModel):
    kind: OrganizationKind = Field(examples=["merchant"])
    name: _Name
    registration_number: _Number = None
    contact_email: _Contact = None
    contact_phone: _Contact = None
    parent_id: UUID | None = Field(default=None, description="The organization of which it is a part", examples=[None])
    reason: Annotated[
        str | None, Field(min_length=1, max_length=REASON_LENGTH_MAX, examples=["documents checked, file 1189"]), REASON
    ] = None

    @property
    def details(self) -> OrganizationDetails:
        return OrganizationDetails(
            name=self.name,
            registration_number=self.registration_number,
            contact_email=self.contact_email,
            contact_phone=self.contact_phone,
        )


class ChangeOrganizationRequest(RequestModel):
    """What is omitted stays as it is; null removes it. Only the platform changes name and registration number."""

    name: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH_MAX, examples=[_NAME]), ONE_LINE] = _NAME
    registration_number: _Number = None
    contact_email: _Contact = None
    contact_phone: _Contact = None

    @property
    def changes(self) -> dict[str, str | None]:
        return {name: getattr(self, name) for name in self.model_fields_set}


class OrganizationReasonRequest(RequestModel):
    reason: Annotated[
        str, Field(min_length=3, max_length=REASON_LENGTH_MAX, examples=["deregistered in the commercial register"]), REASON
    ]
