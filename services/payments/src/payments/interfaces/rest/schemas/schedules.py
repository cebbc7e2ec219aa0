"""Schedules."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from chassis.rest import AmountText, Day, Moment, RequestModel, ResponseModel
from kernel.money import Money, amount_text
from payments.application.schedules.views import RunView, ScheduleView, UpcomingRunView
from payments.domain.schedule import OCCURRENCES_MAX, Frequency, OnClosedDay, ScheduleStatus, StandingOrder
from payments.interfaces.rest.schemas.fields import CurrencyCode, Description, OptionalReference
from payments.interfaces.rest.schemas.signatures import SignatureRequest

_SOURCE = "01980a52-7c00-7000-8000-000000000001"
_TARGET = "01980a52-7c00-7000-8000-000000000002"
_ON_CLOSED_DAY = (
    "What happens to an occurrence on a Saturday, a Sunday or a public holiday of Namibia. `as_planned`: it is made on that day. "
    "`next_business_day` (following): on the next business day, at the same time of day. `previous_business_day` (preceding): on "
    "the business day before; at once if that day is past when the schedule is created. `modified_following`: on the next "
    "business day, or on the one before if the next is in another month. The planned days stay as they are; `ends_on` and "
    "`occurrences_max` count them. If a holiday is declared later, occurrences that have not been made move."
)


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
    ends_on: Annotated[Day | None, Field(description="The last day for which an occurrence may be planned")] = None
    occurrences_max: Annotated[int | None, Field(ge=1, le=OCCURRENCES_MAX)] = None
    on_closed_day: Annotated[
        Literal["as_planned", "next_business_day", "previous_business_day", "modified_following"],
        Field(description=_ON_CLOSED_DAY),
    ] = "as_planned"
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
            on_closed_day=OnClosedDay(self.on_closed_day),
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
    on_closed_day: OnClosedDay
    status: ScheduleStatus
    next_planned_at: datetime | None = Field(description="The time for which the next occurrence is planned")
    next_at: datetime | None = Field(description="When the next occurrence is made; moved if its planned day is closed")
    succeeded: int
    failed: int
    last_code: str | None = Field(examples=["PAY_001"])
    status_reason: str | None = Field(examples=["The payer's account is suspended; contact support."])
    initiator_id: UUID
    organization_id: UUID | None
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
            on_closed_day=OnClosedDay(schedule.on_closed_day),
            status=ScheduleStatus(schedule.status),
            next_planned_at=schedule.next_planned_at,
            next_at=schedule.next_at,
            succeeded=schedule.succeeded,
            failed=schedule.failed,
            last_code=schedule.last_code,
            status_reason=schedule.status_reason,
            initiator_id=schedule.initiator_id,
            organization_id=schedule.organization_id,
            created_at=schedule.created_at,
            ended_at=schedule.ended_at,
        )


class ScheduleRunResponse(ResponseModel):
    """A past occurrence: its transfer, or the reason why there is none."""

    number: int = Field(ge=0, description="Number of the occurrence, from 0")
    planned_at: datetime
    due_at: datetime = Field(description="Differs from planned_at if that day was closed")
    run_at: datetime
    transfer_id: UUID | None
    code: str | None = Field(examples=["PAY_001"])
    error: str | None

    @classmethod
    def of(cls, run: RunView) -> "ScheduleRunResponse":
        return cls.model_construct(
            number=run.number,
            planned_at=run.planned_at,
            due_at=run.due_at,
            run_at=run.run_at,
            transfer_id=run.transfer_id,
            code=run.code,
            error=run.message,
        )


class UpcomingRunResponse(ResponseModel):
    """A coming occurrence."""

    number: int = Field(ge=0, description="Number of the occurrence, from 0")
    planned_at: datetime = Field(description="The time for which it is planned")
    due_at: datetime = Field(description="When it is made, by today's calendar; differs from planned_at if that day is closed")

    @classmethod
    def of(cls, run: UpcomingRunView) -> "UpcomingRunResponse":
        return cls.model_construct(number=run.number, planned_at=run.planned_at, due_at=run.due_at)
