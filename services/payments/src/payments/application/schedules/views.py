"""Read models of schedules."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol, Self
from uuid import UUID

from kernel.money import Money
from kernel.pages import CursorPage, CursorRequest
from payments.domain.schedule import Frequency, OnClosedDay, Schedule, StandingOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleView:
    """The current state of a schedule. `last_code` says why the last occurrence was refused, if it was.

    `status_reason` says why the platform paused or cancelled it, if it did.
    """

    id: UUID
    initiator_id: UUID
    organization_id: UUID | None
    source_id: UUID
    target_id: UUID
    amount: Decimal
    currency: str
    description: str
    reference: str
    frequency: str
    starts_at: datetime
    ends_on: date | None
    occurrences_max: int | None
    on_closed_day: str
    status: str
    next_number: int
    next_at: datetime | None
    succeeded: int
    failed: int
    last_code: str | None
    status_reason: str | None
    created_at: datetime
    ended_at: datetime | None
    version: int

    @property
    def payer_id(self) -> UUID:
        """The owner of the source: the organization that the initiator acted for, or the initiator."""
        return self.organization_id or self.initiator_id

    @classmethod
    def of(cls, schedule: Schedule) -> Self:
        """Return the view of a schedule that was just written."""
        order = schedule.order
        return cls(
            id=schedule.id,
            initiator_id=schedule.initiator_id,
            organization_id=schedule.organization_id,
            source_id=order.source_id,
            target_id=order.target_id,
            amount=order.amount.amount,
            currency=order.amount.currency.code,
            description=order.description,
            reference=order.reference,
            frequency=order.frequency,
            starts_at=order.starts_at,
            ends_on=order.ends_on,
            occurrences_max=order.occurrences_max,
            on_closed_day=order.on_closed_day,
            status=schedule.status,
            next_number=schedule.next_number,
            next_at=schedule.next_at,
            succeeded=schedule.succeeded,
            failed=schedule.failed,
            last_code=schedule.last_code,
            status_reason=schedule.status_reason,
            created_at=schedule.created_at,
            ended_at=schedule.ended_at,
            version=schedule.version,
        )

    @property
    def order(self) -> StandingOrder:
        return StandingOrder(
            source_id=self.source_id,
            target_id=self.target_id,
            amount=Money.of(self.amount, self.currency),
            frequency=Frequency(self.frequency),
            starts_at=self.starts_at,
            description=self.description,
            reference=self.reference,
            ends_on=self.ends_on,
            occurrences_max=self.occurrences_max,
            on_closed_day=OnClosedDay(self.on_closed_day),
        )

    @property
    def next_planned_at(self) -> datetime | None:
        """When the next occurrence is planned; `next_at` is when it is made."""
        return Frequency(self.frequency).occurrence(self.starts_at, self.next_number) if self.next_at else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A past occurrence: its transfer, or the reason why there is none."""

    number: int
    planned_at: datetime
    due_at: datetime
    run_at: datetime
    transfer_id: UUID | None
    code: str | None
    message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpcomingRunView:
    """A coming occurrence: when it is planned, and when it is made."""

    number: int
    planned_at: datetime
    due_at: datetime


class ScheduleViews(Protocol):
    async def schedule(self, schedule_id: UUID) -> ScheduleView | None: ...

    async def schedules_of(self, payer_id: UUID, cursor: CursorRequest) -> CursorPage[ScheduleView]:
        """List an initiator's schedules, newest first."""

    async def runs_of(self, schedule_id: UUID, cursor: CursorRequest) -> CursorPage[RunView]:
        """List the outcomes of a schedule's occurrences, newest first."""
