"""Account recovery."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field

from chassis.rest import REASON, VERBATIM, RequestModel, ResponseModel
from identity.application.recovery.ask_recovery import PendingRecovery
from identity.application.recovery.views import RecoveryView
from identity.domain.recovery_request import RecoveryReason, RecoveryRequest, RecoveryStatus
from identity.interfaces.rest.schemas.fields import ChallengeText


class UndoEmailChangeRequest(RequestModel):
    token: Annotated[str, Field(min_length=1, max_length=128, description="The part of the link after `#token=`"), VERBATIM]
    password: Annotated[
        str,
        Field(
            min_length=1,
            max_length=256,
            description="A password that the account had at the time of the change, or within 72 hours before it, "
            "except one that was replaced on a device known for 72 hours",
            examples=["Oshana-Sunrise-47!"],
            json_schema_extra={"format": "password"},
        ),
        VERBATIM,
    ]


class EmailChangeUndoneResponse(ResponseModel):
    undone: Literal[True] = True


class AskRecoveryRequest(RequestModel):
    challenge: ChallengeText
    reason: RecoveryReason


class RecoveryAskedResponse(ResponseModel):
    id: UUID
    status: RecoveryStatus
    expires_at: datetime
    verification_id: UUID = Field(description="Send it together with the code to confirm the request")
    code_expires_at: datetime

    @classmethod
    def of(cls, asked: PendingRecovery) -> Self:
        request, code = asked.request, asked.code
        return cls(
            id=request.id,
            status=request.status,
            expires_at=request.expires_at,
            verification_id=code.id,
            code_expires_at=code.expires_at,
        )


class RecoveryConfirmedResponse(ResponseModel):
    confirmed: Literal[True] = True


class DecideRecoveryRequest(RequestModel):
    approve: bool
    reason: Annotated[str, Field(min_length=3, max_length=500, examples=["Seen in person with their identity card"]), REASON]


class RecoveryResponse(ResponseModel):
    id: UUID
    user_id: UUID
    reason: RecoveryReason
    status: RecoveryStatus
    requested_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None = Field(description="When the code from the mail confirmed it; required before a decision")
    decided_at: datetime | None
    decided_by: UUID | None
    decision_reason: str | None

    @classmethod
    def of(cls, request: RecoveryRequest | RecoveryView) -> Self:
        return cls(
            id=request.id,
            user_id=request.user_id,
            reason=RecoveryReason(request.reason),
            status=RecoveryStatus(request.status),
            requested_at=request.requested_at,
            expires_at=request.expires_at,
            confirmed_at=request.confirmed_at,
            decided_at=request.decided_at,
            decided_by=request.decided_by,
            decision_reason=request.decision_reason,
        )
