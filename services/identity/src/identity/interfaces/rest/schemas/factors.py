"""Second factors, passkeys, stepping up."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from chassis.rest import ONE_LINE, VERBATIM, RequestModel, ResponseModel
from identity.application.factors.challenge_second_factor import SecondFactorRequired
from identity.application.factors.manage_passkeys import Begun
from identity.application.factors.set_up_totp import NewTotp
from identity.application.factors.step_up import FreshToken
from identity.application.factors.views import FactorsView, PasskeyView
from identity.domain.passkey import Passkey
from identity.interfaces.rest.schemas.fields import DeviceId, Password, SecondFactorCode, SixDigits

ChallengeText = Annotated[str, Field(min_length=1, max_length=128, description="What the sign-in answered with"), VERBATIM]
PasskeyName = Annotated[str, Field(min_length=1, max_length=64, examples=["Work laptop"]), ONE_LINE]
# Its form is the WebAuthn standard's; the library reads it and refuses what is not of it.
Credential = Annotated[
    dict[str, Any], Field(description="What navigator.credentials gave, by its toJSON()", max_length=16), VERBATIM
]


class SecondFactorResponse(ResponseModel):
    """The password was right; the sign-in goes on with `challenge`, within `expires_in` seconds and five tries.

    `enrolment`: a second factor must be set up first, at /auth/login/totp.
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


class ChallengeRequest(RequestModel):
    challenge: ChallengeText


class ConfirmAtSignInRequest(RequestModel):
    challenge: ChallengeText
    code: SixDigits


class ConfirmTotpRequest(RequestModel):
    code: SixDigits


class NewTotpResponse(ResponseModel):
    secret: str = Field(description="160 bits in base32, for an app without a camera")
    uri: str = Field(description="The content of the QR code", examples=["otpauth://totp/Elcorp:…"])

    @classmethod
    def of(cls, totp: NewTotp) -> Self:
        return cls(secret=totp.secret, uri=totp.uri)


class BackupCodesResponse(ResponseModel):
    backup_codes: tuple[str, ...] = Field(description="Told once; each is good once")

    @classmethod
    def of(cls, codes: Sequence[str]) -> Self:
        return cls(backup_codes=tuple(codes))


class PasskeyResponse(ResponseModel):
    id: UUID
    name: str
    synchronized: bool = Field(description="Whether its provider keeps it on several devices")
    created_at: datetime
    last_used_at: datetime | None
    flagged_at: datetime | None = Field(description="When it was taken for a copy; it is refused since")

    @classmethod
    def of(cls, passkey: Passkey | PasskeyView, *, name: str | None = None) -> Self:
        """Show a passkey by `name` where its own is sealed: the one that was just given."""
        return cls(
            id=passkey.id,
            name=name or passkey.name,
            synchronized=passkey.backed_up,
            created_at=passkey.created_at,
            last_used_at=passkey.last_used_at,
            flagged_at=passkey.flagged_at,
        )


class FactorsResponse(ResponseModel):
    totp_confirmed_at: datetime | None
    backup_codes_left: int
    passkeys: tuple[PasskeyResponse, ...]

    @classmethod
    def of(cls, view: FactorsView) -> Self:
        return cls(
            totp_confirmed_at=view.totp_confirmed_at,
            backup_codes_left=view.backup_codes_left,
            passkeys=tuple(PasskeyResponse.of(passkey) for passkey in view.passkeys),
        )


class RemovedResponse(ResponseModel):
    removed: Literal[True] = True


class CeremonyResponse(ResponseModel):
    """`options` go to navigator.credentials as `publicKey` (parse…OptionsFromJSON)."""

    ceremony_id: UUID
    options: Mapping[str, Any]

    @classmethod
    def of(cls, begun: Begun) -> Self:
        return cls(ceremony_id=begun.ceremony_id, options=begun.options)


class AddPasskeyRequest(RequestModel):
    ceremony_id: UUID
    name: PasskeyName
    credential: Credential


class RenamePasskeyRequest(RequestModel):
    name: PasskeyName


class PasskeySignInRequest(RequestModel):
    ceremony_id: UUID
    credential: Credential
    device_id: DeviceId


class ShownPasskey(RequestModel):
    ceremony_id: UUID
    credential: Credential


class StepUpRequest(RequestModel):
    """A `passkey` (two factors), `password` and `code` together (two factors), or one of these two (one factor).

    `password` alone is for users who have no second factor.
    """

    code: SecondFactorCode | None = None
    password: Password | None = None
    passkey: ShownPasskey | None = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"password": "Oshana-Sunrise-47!", "code": "492039"}, {"password": "Oshana-Sunrise-47!"}]}
    )

    @model_validator(mode="after")
    def one_proof(self) -> Self:
        if (self.passkey is None) == (self.code is None and self.password is None):
            raise ValueError("give a passkey, or a code, a password, or both")
        return self


class FreshTokenResponse(ResponseModel):
    """A new access token of the same session; the refresh token stays as it is."""

    access_token: str = Field(examples=["eyJ…"])
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # the scheme's name
    expires_in: int = Field(examples=[900])

    @classmethod
    def of(cls, token: FreshToken) -> Self:
        return cls(access_token=token.access_token, expires_in=token.expires_in_seconds)
