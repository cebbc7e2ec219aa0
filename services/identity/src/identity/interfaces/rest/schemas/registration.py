"""Registration, and verification of e-mail addresses and telephone numbers."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from chassis.rest import RequestModel, ResponseModel
from identity.application.registration.verification import PendingVerification, VerificationResult
from identity.interfaces.rest.schemas.fields import Email, FullName, Organization, Password, Phone, SixDigits, Username


class RegisterRequest(RequestModel):
    full_name: FullName
    email: Email
    phone: Phone
    password: Password
    agreed_terms: bool
    organization: Organization | None = None
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


class ChangeEmailRequest(RequestModel):
    email: Email


class ChangePhoneRequest(RequestModel):
    phone: Phone


class VerificationResponse(ResponseModel):
    """The response is the same whether or not a code was sent."""

    verification_id: UUID = Field(description="Send it together with the code")
    expires_at: datetime

    @classmethod
    def of(cls, pending: PendingVerification) -> Self:
        return cls(verification_id=pending.id, expires_at=pending.expires_at)


class VerifyCodeRequest(RequestModel):
    verification_id: UUID
    code: SixDigits


class ContactVerifiedResponse(ResponseModel):
    id: UUID = Field(description="The user's id")
    wallet_address: UUID | None = Field(description="The wallet address of the account, if this opened one")

    @classmethod
    def of(cls, result: VerificationResult) -> Self:
        return cls(id=result.user_id, wallet_address=result.wallet_address)


class ResendCodeRequest(RequestModel):
    verification_id: UUID


class CodeResentResponse(ResponseModel):
    accepted: Literal[True] = True
