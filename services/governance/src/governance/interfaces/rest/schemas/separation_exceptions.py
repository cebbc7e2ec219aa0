"""Request and response bodies for exceptions from separations of duties."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from chassis.rest import REASON, Moment, RequestModel, ResponseModel
from governance.application.separation_exceptions.views import SeparationExceptionView
from governance.interfaces.rest.dependencies import REASON_LENGTH_MAX, RULE_PATTERN

_SUBJECT = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10"
_ASKED_BY = "0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a01"
_Reason = Annotated[
    str, Field(min_length=3, max_length=REASON_LENGTH_MAX, examples=["a colleague is on leave until the end of June"]), REASON
]


class AskSeparationExceptionRequest(RequestModel):
    separation: str = Field(pattern=RULE_PATTERN, examples=["pay-and-approve"])
    subject_id: UUID = Field(examples=[_SUBJECT])
    expires_at: Moment = Field(description="Assignments that it permits must end by then", examples=["2026-06-30T22:00:00Z"])
    reason: _Reason


class ApproveSeparationExceptionRequest(RequestModel):
    reason: Annotated[
        str | None, Field(min_length=3, max_length=REASON_LENGTH_MAX, examples=["agreed with the risk officer"]), REASON
    ] = None


class EndSeparationExceptionRequest(RequestModel):
    reason: _Reason


class SeparationExceptionResponse(ResponseModel):
    id: UUID = Field(examples=["0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a40"])
    separation: str = Field(examples=["pay-and-approve"])
    first: str = Field(description="The duties of the time when it was asked for", examples=["payment:create"])
    second: str = Field(examples=["payment:approve"])
    subject_id: UUID = Field(examples=[_SUBJECT])
    reason: str = Field(examples=["a colleague is on leave until the end of June"])
    expires_at: datetime = Field(examples=["2026-06-30T22:00:00Z"])
    asked_by: str = Field(examples=[_ASKED_BY])
    asked_at: datetime = Field(examples=["2026-03-21T08:00:00Z"])
    approved_by: str | None = Field(description="null: not approved", examples=[None])
    approved_at: datetime | None = Field(examples=[None])
    ended_by: str | None = Field(description="Who rejected it, or ended it early; null: nobody", examples=[None])
    ended_at: datetime | None = Field(examples=[None])

    @classmethod
    def of(cls, exception: SeparationExceptionView) -> "SeparationExceptionResponse":
        return cls.model_validate(exception)
