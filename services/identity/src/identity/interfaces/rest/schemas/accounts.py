"""Accounts and the people behind them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from chassis.rest import RequestModel, ResponseModel
from identity.application.accounts.enrolment import Enrolled
from identity.application.accounts.queries import UserView
from identity.interfaces.rest.schemas.fields import Email, Password, Username


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


class RegisteredResponse(ResponseModel):
    """Kept for repeats of the request, so it holds no personal data."""

    id: UUID
    wallet_address: UUID
    registered_at: datetime

    @classmethod
    def of(cls, enrolled: Enrolled) -> Self:
        return cls(id=enrolled.user_id, wallet_address=enrolled.wallet_address, registered_at=enrolled.registered_at)


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
