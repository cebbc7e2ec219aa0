"""Schedules."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from chassis.rest import AmountText, Day, Moment, RequestModel, ResponseModel
from kernel.money import Money, amount_text
from payments.application.schedules.views import RunView, ScheduleView
from payments.domain.schedule import OCCURRENCES_MAX, Frequency, ScheduleStatus, StandingOrder
from payments.interfaces.rest.schemas.fields import CurrencyCode, Description, OptionalReference
from payments.interfaces.rest.schemas.signatures import SignatureRequest

_SOURCE = "01980a52-7c00-7000-8000-000000000001"
_TARGET = "01980a52-7c00-7000-8000-000000000002"


class ScheduleRequest(RequestModel):
    """Days and months are in Namibian time. A monthly schedule from the 31st is due on the last day of shorter months."""

    source_wallet_id: UUID
    target_wallet_id: UUID
    amount: AmountText
    currency: CurrencyCode
    description: Description = ""
    reference: Annotated[OptionalReference, Field(description="The payee's reference, such as an invoice number")] = ""
    frequency: Literal["once", "daily", "weekly", "monthly"] = "once"
    starts_at: Annotated[Moment, Field(description="The time of the first occurrence")]
    ends_on: Annotated[Day | None, Field(description="The last day on which an occurrence may be due")] = None
    occurrences_max: Annotated[int | None, Field(ge=1, le=OCCURRENCES_MAX)] = None
    signature: SignatureRequest | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "source_wallet_id": _SOURCE,
                    "target_wallet_id": _TARGET,
                    "amount": "4500.00",
                    "currency": "NAD",
                    "description": "rent",
                    "frequency": "monthly",
                    "starts_at": "2027-01-31T06:00:00Z",
                    "ends_on": "2027-12-31",
                }
            ]
        }
    )

    def order(self) -> StandingOrder:
        return StandingOrder(
            source_id=self.source_wallet_id,
            target_id=self.target_wallet_id,
            amount=Money.of(self.amount, self.currency),
            frequency=Frequency(self.frequency),
            starts_at=self.starts_at,
            description=self.description,
            reference=self.reference,
            ends_on=self.ends_on,
            occurrences_max=self.occurrences_max,
        )


class ScheduleResponse(ResponseModel):
    """`succeeded` and `failed` count the occurrences. `last_code` is the error code of the last one, if it was refused.

    `status_reason` says why the platform paused or cancelled the schedule: the account was suspended or closed. After a
    suspension, the payer resumes it once the account is active again.
    """

    id: UUID
    source_wallet_id: UUID
    target_wallet_id: UUID
    amount: str = Field(examples=["4500.00"])
    currency: str
    description: str
    reference: str
    frequency: Frequency
    starts_at: datetime
    ends_on: date | None
    occurrences_max: int | None
    status: ScheduleStatus
    next_at: datetime | None
    succeeded: int
    failed: int
    last_code: str | None = Field(examples=["PAY_001"])
    status_reason: str | None = Field(examples=["The payer's account is suspended; contact support."])
    initiator_id: UUID
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, schedule: ScheduleView) -> "ScheduleResponse":
        return cls.model_construct(
            id=schedule.id,
            source_wallet_id=schedule.source_id,
            target_wallet_id=schedule.target_id,
            amount=amount_text(schedule.amount, schedule.currency),
            currency=schedule.currency,
            description=schedule.description,
            reference=schedule.reference,
            frequency=Frequency(schedule.frequency),
            starts_at=schedule.starts_at,
            ends_on=schedule.ends_on,
            occurrences_max=schedule.occurrences_max,
            status=ScheduleStatus(schedule.status),
            next_at=schedule.next_at,
            succeeded=schedule.succeeded,
            failed=schedule.failed,
            last_code=schedule.last_code,
            status_reason=schedule.status_reason,
            initiator_id=schedule.initiator_id,
            created_at=schedule.created_at,
            ended_at=schedule.ended_at,
        )


class ScheduleRunResponse(ResponseModel):
    """A past occurrence: its transfer, or the reason why there is none."""

    number: int = Field(ge=0, description="Number of the occurrence, from 0")
    due_at: datetime
    run_at: datetime
    transfer_id: UUID | None
    code: str | None = Field(examples=["PAY_001"])
    error: str | None

    @classmethod
    def of(cls, run: RunView) -> "ScheduleRunResponse":
        return cls.model_construct(
            number=run.number,
            due_at=run.due_at,
            run_at=run.run_at,
            transfer_id=run.transfer_id,
            code=run.code,
            error=run.message,
        )
