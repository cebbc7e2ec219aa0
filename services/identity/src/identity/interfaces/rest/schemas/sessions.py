"""Sessions, from sign-in to sign-out."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import Header
from pydantic import ConfigDict, Field, model_validator

from chassis.rest import VERBATIM, RequestModel, ResponseModel
from identity.application.factors.challenge_second_factor import SecondFactorRequired
from identity.application.ports.session_rules import TokenPair
from identity.application.sessions.step_up import FreshToken
from identity.application.sessions.views import SessionView
from identity.domain.sign_in_name import SignInName
from identity.interfaces.rest.schemas.devices import OriginResponse
from identity.interfaces.rest.schemas.fields import ChallengeText, DeviceId, Email, Password, SecondFactorCode, Username
from identity.interfaces.rest.schemas.passkeys import Credential


class SignInRequest(RequestModel):
    """Sign in with either `email` or `username`."""

    email: Email | None = None
    username: Username | None = None
    password: Password
    device_id: DeviceId
    device_token: Annotated[
        str | None,
        Field(
            max_length=128,
            description="The token from this device's last sign-in. With it, attempts count separately from those of unknown "
            "devices.",
        ),
        VERBATIM,
    ] = None

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


class SecondFactorResponse(ResponseModel):
    """The password is right. Complete the sign-in with `challenge` within `expires_in` seconds; a code may be wrong five times.

    `enrolment`: first set up a second factor at /auth/login/totp.
    """

    mfa_required: Literal[True] = True
    challenge: str
    methods: tuple[str, ...] = Field(examples=[["totp", "backup_code"]])
    enrolment: bool
    expires_in: int = Field(examples=[300])

    @classmethod
    def of(cls, challenged: SecondFactorRequired) -> Self:
        return cls(
            challenge=challenged.text,
            methods=challenged.methods,
            enrolment=challenged.enrolment,
            expires_in=challenged.expires_in_seconds,
        )


class CompleteSignInRequest(RequestModel):
    challenge: ChallengeText
    code: SecondFactorCode


class RefreshSessionRequest(RequestModel):
    refresh_token: Annotated[str, Field(min_length=1, max_length=4096, examples=["elr_AZ…"]), VERBATIM]
    device_id: DeviceId


DpopHeader = Annotated[
    str | None,
    Header(
        alias="DPoP",
        max_length=4096,
        description="A proof of the device's key for this request (RFC 9449); required if the device has a registered key",
    ),
    VERBATIM,
]


class TokenPairResponse(ResponseModel):
    access_token: str = Field(examples=["eyJ…"])
    refresh_token: str = Field(examples=["elr_AZ…"])
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # the scheme's name
    expires_in: int = Field(description="Seconds until the access token expires", examples=[900])
    device_token: str | None = Field(
        default=None, description="Returned at sign-in; store it and send it at the next sign-in", examples=["eld_x7…"]
    )
    organization_id: UUID | None = Field(
        default=None, description="The organization that the access token acts for; null if the membership has ended"
    )

    @classmethod
    def of(cls, pair: TokenPair) -> Self:
        return cls(
            access_token=pair.access_token,
            refresh_token=pair.refresh_token,
            expires_in=pair.expires_in,
            device_token=pair.device_token,
            organization_id=pair.organization_id,
        )


class PasskeyAssertionRequest(RequestModel):
    ceremony_id: UUID
    credential: Credential


class StepUpRequest(RequestModel):
    """Send a `passkey` (two factors), `password` and `code` together (two factors), or `password` or `code` alone (one factor).

    `password` alone is for users who have no second factor.
    """

    code: SecondFactorCode | None = None
    password: Password | None = None
    passkey: PasskeyAssertionRequest | None = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"password": "Oshana-Sunrise-47!", "code": "492039"}, {"password": "Oshana-Sunrise-47!"}]}
    )

    @model_validator(mode="after")
    def one_proof(self) -> Self:
        if (self.passkey is None) == (self.code is None and self.password is None):
            raise ValueError("give a passkey, or a code, a password, or both")
        return self


class AccessTokenResponse(ResponseModel):
    """A new access token of the same session. The refresh token does not change."""

    access_token: str = Field(examples=["eyJ…"])
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # the scheme's name
    expires_in: int = Field(examples=[900])

    @classmethod
    def of(cls, token: FreshToken) -> Self:
        return cls(access_token=token.access_token, expires_in=token.expires_in_seconds)


class SetSessionOrganizationRequest(RequestModel):
    organization_id: UUID | None = Field(description="The organization to act for; null for the person alone")


class SessionOrganizationResponse(AccessTokenResponse):
    """A new access token of the same session, for the organization. The refresh token does not change."""

    organization_id: UUID | None = Field(description="The organization that the token acts for")

    @classmethod
    def of_token(cls, token: FreshToken, *, organization_id: UUID | None) -> Self:
        return cls(access_token=token.access_token, expires_in=token.expires_in_seconds, organization_id=organization_id)


class SignedOutResponse(ResponseModel):
    signed_out: Literal[True] = True


class SignOutEverywhereRequest(RequestModel):
    keep_current: bool = Field(default=False, description="Whether to keep the current session", examples=[True])


class SignedOutEverywhereResponse(ResponseModel):
    sessions_ended: int = Field(examples=[3])


class SessionResponse(ResponseModel):
    id: UUID
    user_id: UUID
    device_id: UUID
    current: bool = Field(description="Whether this request belongs to this session")
    methods: tuple[str, ...] = Field(description="The methods of the last authentication (RFC 8176)", examples=[["pwd"]])
    started_at: datetime
    refreshed_at: datetime | None
    last_active_at: datetime = Field(description="The last sign-in, step-up or refresh")
    last_proof_at: datetime = Field(description="The last sign-in or step-up")
    started_from: OriginResponse | None
    last_seen_from: OriginResponse | None = Field(description="Origin of the last refresh or, before any, of the sign-in")
    expires_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    organization_id: UUID | None = Field(description="The organization that the session acts for; null for the person alone")

    @classmethod
    def of(cls, view: SessionView, *, current_id: UUID | None) -> Self:
        return cls(
            id=view.id,
            user_id=view.user_id,
            device_id=view.device_id,
            current=view.id == current_id,
            methods=view.methods,
            started_at=view.started_at,
            refreshed_at=view.refreshed_at,
            last_active_at=view.last_active_at,
            last_proof_at=view.proven_at,
            started_from=OriginResponse.of(view.started_from),
            last_seen_from=OriginResponse.of(view.seen_from or view.started_from),
            expires_at=view.expires_at,
            ended_at=view.ended_at,
            end_reason=view.end_reason,
            organization_id=view.organization_id,
        )
