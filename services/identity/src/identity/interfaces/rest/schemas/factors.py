"""Second factors."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from chassis.rest import RequestModel, ResponseModel
from identity.application.factors.totp_setup import NewTotp
from identity.application.factors.views import FactorsView
from identity.interfaces.rest.schemas.fields import ChallengeText, SixDigits
from identity.interfaces.rest.schemas.passkeys import PasskeyResponse


class SignInChallengeRequest(RequestModel):
    challenge: ChallengeText


class ConfirmTotpAtSignInRequest(RequestModel):
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
    backup_codes: tuple[str, ...] = Field(description="Shown once; each code works once")

    @classmethod
    def of(cls, codes: Sequence[str]) -> Self:
        return cls(backup_codes=tuple(codes))


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


class FactorRemovedResponse(ResponseModel):
    removed: Literal[True] = True
