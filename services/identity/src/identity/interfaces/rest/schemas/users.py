"""The requests and responses about users."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from chassis.rest import RequestModel, ResponseModel
from identity.application.users.details import Details
from identity.application.users.enrolment import NewUser
from identity.application.users.views import UserView
from identity.interfaces.rest.schemas.fields import Email, FullName, Organization, Phone, Reason, Username


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


# An omitted field stays unchanged. The document shows no default: an empty text would break the field's own rules.
_LEFT_OUT: Final = Field(default="", json_schema_extra=_without_default)
_TAKES_MAIL: Final = Field(
    description="False if an earlier release changed the spelling of the address: it gets no mail until its owner confirms it",
    examples=[True],
)


class CreatedUserResponse(ResponseModel):
    """The response is stored for repeats of the request, so it has no personal data."""

    id: UUID
    wallet_address: UUID
    registered_at: datetime

    @classmethod
    def of(cls, user: NewUser) -> Self:
        return cls(id=user.user_id, wallet_address=user.wallet_address, registered_at=user.registered_at)


class CreateUserRequest(RequestModel):
    """There is no password: the user chooses it."""

    full_name: FullName
    email: Email
    phone: Phone | None = None
    organization: Organization | None = None
    username: Username | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"full_name": "Ndapewa Shikongo", "email": "ndapewa@example.na"}]})


class ReplaceUserRequest(RequestModel):
    """All details that can change without verification. Addresses change by `/email` and `/phone`."""

    full_name: FullName
    organization: Organization | None
    username: Username | None

    @property
    def details(self) -> Details:
        return Details(frozenset(self.model_fields_set), **self.model_dump())


class UpdateUserRequest(RequestModel):
    full_name: FullName = _LEFT_OUT
    organization: Organization | None = None
    username: Username | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"organization": "Example Corp"}]})

    @property
    def details(self) -> Details:
        return Details(frozenset(self.model_fields_set), **self.model_dump())


class UpdateProfileRequest(RequestModel):
    full_name: FullName = _LEFT_OUT
    organization: Organization | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"organization": "Example Corp"}]})

    @property
    def details(self) -> Details:
        return Details(frozenset(self.model_fields_set), **self.model_dump())


class UserReasonRequest(RequestModel):
    reason: Reason


class ProfileResponse(ResponseModel):
    full_name: str
    email: str
    phone: str | None
    organization: str | None
    email_verified_at: datetime | None
    phone_verified_at: datetime | None
    email_takes_mail: bool = _TAKES_MAIL

    @classmethod
    def of(cls, view: UserView) -> Self:
        return cls.model_validate(view)


class UserResponse(ResponseModel):
    id: UUID
    username: str | None
    full_name: str
    email: str
    phone: str | None
    organization: str | None
    status: str = Field(examples=["active"])
    wallet_address: UUID
    registered_at: datetime
    last_sign_in_at: datetime | None
    email_verified_at: datetime | None
    phone_verified_at: datetime | None
    email_takes_mail: bool = _TAKES_MAIL

    @classmethod
    def of(cls, view: UserView) -> Self:
        return cls.model_validate(view)


class MeResponse(UserResponse):
    roles: list[str] = Field(description="The roles that the user holds now", examples=[["user"]])

    @classmethod
    def with_roles(cls, view: UserView, roles: Iterable[str]) -> Self:
        return cls(**UserResponse.of(view).model_dump(), roles=sorted(roles))


Rows = list[dict[str, Any]]


class DataExportResponse(ResponseModel):
    """All data that identity holds about a user, without hashes, seeds and tokens. Sections have at most 10,000 rows."""

    exported_at: datetime
    account: dict[str, Any]
    profile: dict[str, Any]
    consents: Rows
    wallet_addresses: Rows
    devices: Rows
    device_keys: Rows
    sessions: Rows
    authenticator_apps: Rows
    backup_codes: Rows
    passkeys: Rows
    password_resets: Rows
    email_undos: Rows
    recovery_requests: Rows
    verifications: Rows
    messages: Rows
    notices: Rows
    notice_preferences: dict[str, Any]
    audit_trail: str = Field(description="Where to read the audit log of the user's acts and of acts on the user")

    model_config = ConfigDict(frozen=True)
