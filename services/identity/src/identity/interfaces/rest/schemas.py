"""What identity's REST takes and gives. Times are RFC 3339 UTC; no answer ever holds a password or its hash."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from chassis.rest import RequestModel, ResponseModel
from identity.application.enrolment import Enrolled
from identity.application.queries import SessionView, SignInName, UserView, WalletAddressView
from identity.application.token_pair import TokenPair

# Only bounds, so that nobody hashes a megabyte; what a good password is, the policy says.
Password = Annotated[
    str, Field(min_length=1, max_length=256, examples=["Oshana-Sunrise-47!"], json_schema_extra={"format": "password"})
]
Email = Annotated[str, Field(min_length=3, max_length=254, examples=["ndapewa@example.na"])]
Username = Annotated[str, Field(min_length=1, max_length=64, examples=["ndapewa"])]
DeviceId = Annotated[UUID, Field(description="The app installation's own id", examples=["0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10"])]


class RegisterRequest(RequestModel):
    full_name: Annotated[str, Field(min_length=2, max_length=100)]
    email: Email
    phone: Annotated[str, Field(min_length=7, max_length=32)]
    password: Password
    agreed_terms: bool
    organization: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    username: Username | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "full_name": "Ndapewa Shikongo",
                    "email": "ndapewa@example.na",
                    "phone": "+264811234567",
                    "password": "Oshana-Sunrise-47!",
                    "organization": "Example Corp",
                    "agreed_terms": True,
                }
            ]
        }
    )


class LoginRequest(RequestModel):
    """Sign in by `email` or by `username`: one of them."""

    email: Email | None = None
    username: Username | None = None
    password: Password
    device_id: DeviceId

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "email": "ndapewa@example.na",
                    "password": "Oshana-Sunrise-47!",
                    "device_id": "0198a1f0-1c1e-7b43-9d0c-3f2a5f1f7a10",
                }
            ]
        }
    )

    @model_validator(mode="after")
    def one_name(self) -> Self:
        if (self.email is None) == (self.username is None):
            raise ValueError("give either email or username")
        return self

    @property
    def name(self) -> SignInName:
        return SignInName.email(self.email) if self.email is not None else SignInName.username(self.username or "")


class RefreshRequest(RequestModel):
    refresh_token: Annotated[str, Field(min_length=1, max_length=4096, examples=["elr_AZ…"])]
    device_id: DeviceId


class RegisteredResponse(ResponseModel):
    """Kept for repeats of the request, so it holds no personal data."""

    id: UUID
    wallet_address: UUID
    registered_at: datetime

    @classmethod
    def of(cls, enrolled: Enrolled) -> Self:
        return cls(id=enrolled.user_id, wallet_address=enrolled.wallet_address, registered_at=enrolled.registered_at)


class TokenPairResponse(ResponseModel):
    access_token: str = Field(examples=["eyJ…"])
    refresh_token: str = Field(examples=["elr_AZ…"])
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # the scheme's name
    expires_in: int = Field(description="Seconds until the access token expires", examples=[900])

    @classmethod
    def of(cls, pair: TokenPair) -> Self:
        return cls(access_token=pair.access_token, refresh_token=pair.refresh_token, expires_in=pair.expires_in)


class SignedOutResponse(ResponseModel):
    signed_out: Literal[True] = True


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

    @classmethod
    def of(cls, view: UserView) -> Self:
        return cls.model_validate(view)


class MeResponse(UserResponse):
    roles: list[str] = Field(description="The roles that hold right now", examples=[["user"]])

    @classmethod
    def with_roles(cls, view: UserView, roles: Iterable[str]) -> Self:
        return cls(**UserResponse.of(view).model_dump(), roles=sorted(roles))


class SessionResponse(ResponseModel):
    id: UUID
    device_id: UUID
    current: bool = Field(description="Whether this very request belongs to it")
    methods: tuple[str, ...] = Field(examples=[["pwd"]])
    started_at: datetime
    refreshed_at: datetime | None
    expires_at: datetime
    ended_at: datetime | None
    end_reason: str | None

    @classmethod
    def of(cls, view: SessionView, *, current_id: UUID | None) -> Self:
        return cls(
            id=view.id,
            device_id=view.device_id,
            current=view.id == current_id,
            methods=view.methods,
            started_at=view.started_at,
            refreshed_at=view.refreshed_at,
            expires_at=view.expires_at,
            ended_at=view.ended_at,
            end_reason=view.end_reason,
        )


class WalletAddressResponse(ResponseModel):
    address: UUID
    issued_at: datetime
    retired_at: datetime | None

    @classmethod
    def of(cls, view: WalletAddressView) -> Self:
        return cls.model_validate(view)
