"""Proving that one receives what is sent to an address."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import Field

from chassis.rest import RequestModel, ResponseModel
from identity.application.registration.register_user import PendingVerification
from identity.application.registration.verification import Confirmed
from identity.interfaces.rest.schemas.fields import SixDigits


class VerificationResponse(ResponseModel):
    """The same whether or not a code was sent."""

    verification_id: UUID = Field(description="To be shown together with the code")
    expires_at: datetime

    @classmethod
    def of(cls, pending: PendingVerification) -> Self:
        return cls(verification_id=pending.id, expires_at=pending.expires_at)


class VerifyRequest(RequestModel):
    verification_id: UUID
    code: SixDigits


class VerifiedResponse(ResponseModel):
    id: UUID = Field(description="The user's id")
    wallet_address: UUID | None = Field(description="Where an account was opened: the wallet address that it holds")

    @classmethod
    def of(cls, confirmed: Confirmed) -> Self:
        return cls(id=confirmed.user_id, wallet_address=confirmed.wallet_address)


class ResendRequest(RequestModel):
    verification_id: UUID


class ResentResponse(ResponseModel):
    accepted: Literal[True] = True
