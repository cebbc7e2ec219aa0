"""A schedule: a transfer that is made later, once or repeatedly, by the calendar of Namibia."""

import calendar
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from kernel.business_time import BusinessCalendar, Convention
from kernel.errors import InvalidValue, KeyReused
from kernel.events import Aggregate
from kernel.money import Money
from payments.domain.errors import NotPositive, ScheduleEnded, SelfTransfer
from payments.domain.events import OccurrenceFailed, ScheduleChanged
from payments.domain.limits import NAMIBIA
from payments.domain.transfer_order import Signature, TransferKind, TransferOrder, canonical, signed_digest

# Limits on how far ahead and how often a schedule may run.
AHEAD_MAX: Final = timedelta(days=5 * 366)
OCCURRENCES_MAX: Final = 2000
_MONTHS: Final = 12


class Frequency(StrEnum):
    """How often a schedule is due. A monthly schedule from the 31st is due on the last day of shorter months."""

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"

    def occurrence(self, starts_at: datetime, number: int) -> datetime:
        """Return when occurrence `number` (from 0) is due. Count from the first, so that short months do not move later ones."""
        return self._counted(starts_at.astimezone(NAMIBIA), number).astimezone(UTC)

    def _counted(self, start: datetime, number: int) -> datetime:
        match self:
            case Frequency.ONCE:
                return start
            case Frequency.DAILY:
                return start + timedelta(days=number)
            case Frequency.WEEKLY:
                return start + timedelta(weeks=number)
            case Frequency.MONTHLY:
                year, month = divmod(start.year * _MONTHS + start.month - 1 + number, _MONTHS)
                last = calendar.monthrange(year, month + 1)[1]
                return start.replace(year=year, month=month + 1, day=min(start.day, last))


class OnClosedDay(StrEnum):
    """What happens to an occurrence that is planned for a weekend or a public holiday.

    The three moving rules are the business day conventions of banks: following, preceding and modified following.
    """

    AS_PLANNED = "as_planned"
    NEXT_BUSINESS_DAY = "next_business_day"
    PREVIOUS_BUSINESS_DAY = "previous_business_day"
    MODIFIED_FOLLOWING = "modified_following"

    @property
    def convention(self) -> Convention:
        return _CONVENTIONS[self]


_CONVENTIONS: Final = {
    OnClosedDay.AS_PLANNED: Convention.NONE,
    OnClosedDay.NEXT_BUSINESS_DAY: Convention.FOLLOWING,
    OnClosedDay.PREVIOUS_BUSINESS_DAY: Convention.PRECEDING,
    OnClosedDay.MODIFIED_FOLLOWING: Convention.MODIFIED_FOLLOWING,
}


class ScheduleStatus(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingOrder:
    """The transfer to make, and when. `ends_on` is the last day for which an occurrence may be planned."""

    source_id: UUID
    target_id: UUID
    amount: Money
    frequency: Frequency
    starts_at: datetime
    description: str = ""
    reference: str = ""
    ends_on: date | None = None
    occurrences_max: int | None = None
    on_closed_day: OnClosedDay = OnClosedDay.AS_PLANNED

    def __post_init__(self) -> None:
        if self.source_id == self.target_id:
            raise SelfTransfer(field="target_wallet_id", wallet_id=self.source_id)
        if not self.amount.is_positive:
            raise NotPositive(field="amount", amount=self.amount.text)
        if self.frequency is Frequency.ONCE and (self.ends_on or self.occurrences_max):
            expected = "daily, weekly or monthly if ends_on or occurrences_max is given"
            raise InvalidValue(field="frequency", expected=expected, given=self.frequency)
        if self.occurrences_max is not None and not 1 <= self.occurrences_max <= OCCURRENCES_MAX:
            raise InvalidValue(field="occurrences_max", expected=f"1 to {OCCURRENCES_MAX}", given=self.occurrences_max)
        if self.starts_at.year >= MAXYEAR:
            # Days are counted from it in Namibian time; it may be given in another zone.
            raise InvalidValue(field="starts_at", expected="a time within five years", given=self.starts_at)
        if self.ends_on is not None and self.ends_on < self.starts_at.astimezone(NAMIBIA).date():
            raise InvalidValue(field="ends_on", expected="the day of the first occurrence or later", given=self.ends_on)

    @property
    def signed_content(self) -> bytes:
        """The order as JSON in the canonical form of RFC 8785, without empty fields."""
        fields: dict[str, object] = {
            "amount": self.amount.text,
            "currency": self.amount.currency.code,
            "source_wallet_id": str(self.source_id),
            "target_wallet_id": str(self.target_id),
            "description": self.description,
            "reference": self.reference,
            "frequency": self.frequency.value,
            "starts_at": self.starts_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "ends_on": self.ends_on.isoformat() if self.ends_on else "",
            "occurrences_max": self.occurrences_max,
            # Left out by default, so that what was signed before the rule existed is still the same text.
            "on_closed_day": "" if self.on_closed_day is OnClosedDay.AS_PLANNED else self.on_closed_day.value,
        }
        return canonical({name: fields[name] for name in sorted(fields) if fields[name]})

    def due(self, number: int) -> datetime | None:
        """Return when an occurrence is planned, or None if there is no occurrence with this number."""
        if self.frequency is Frequency.ONCE and number:
            return None
        if number >= (self.occurrences_max or OCCURRENCES_MAX):
            return None
        due = self.frequency.occurrence(self.starts_at, number)
        return None if self.ends_on and due.astimezone(NAMIBIA).date() > self.ends_on else due

    def effective(self, number: int, calendar: BusinessCalendar) -> datetime | None:
        """Return when an occurrence is made: as planned, or at the same time of the business day that takes its place."""
        planned = self.due(number)
        return calendar.roll_moment(planned, self.on_closed_day.convention) if planned else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The outcome of an occurrence: a transfer, or the code of the error that refused it.

    `planned_at` and `due_at` differ if it was moved from a closed day.
    """

    number: int
    planned_at: datetime
    due_at: datetime
    run_at: datetime
    transfer_id: UUID | None = None
    code: str | None = None
    message: str | None = None


@dataclass(eq=False, kw_only=True)
class Schedule(Aggregate):
    """`next_number` and `next_at` are of the next occurrence. A schedule that has ended has none.

    `next_at` is when it is made, by the edition of the calendar in `aligned_to`.
    """

    id: UUID
    initiator_id: UUID
    key: str
    order: StandingOrder
    next_at: datetime | None
    created_at: datetime
    signature: Signature | None = None
    status: ScheduleStatus = ScheduleStatus.ACTIVE
    next_number: int = 0
    succeeded: int = 0
    failed: int = 0
    last_code: str | None = None
    aligned_to: str = ""
    # Why the platform paused or cancelled it. The payer need not give a reason.
    status_reason: str | None = None
    ended_at: datetime | None = None
    version: int = 1
    organization_id: UUID | None = None

    @classmethod
    def plan(
        cls,
        order: StandingOrder,
        *,
        schedule_id: UUID,
        initiator_id: UUID,
        key: str,
        calendar: BusinessCalendar,
        at: datetime,
        signature: Signature | None = None,
        organization_id: UUID | None = None,
    ) -> Self:
        """Plan an order whose first occurrence is in the future.

        The business day before it may be past; the occurrence is due at once then.
        """
        if not at <= order.starts_at <= at + AHEAD_MAX:
            raise InvalidValue(field="starts_at", expected="a future time within five years", given=order.starts_at)
        schedule = cls(
            id=schedule_id,
            initiator_id=initiator_id,
            key=key,
            order=order,
            next_at=order.effective(0, calendar),
            created_at=at,
            signature=signature,
            aligned_to=_alignment(calendar, 0),
            organization_id=organization_id,
        )
        schedule._announce_changed(at)
        return schedule

    @property
    def payer_id(self) -> UUID:
        """The owner of the source: the organization that the initiator acted for, or the initiator."""
        return self.organization_id or self.initiator_id

    @property
    def signed_text(self) -> bytes:
        """The text that a payer signs: the key, and the digest of the fields in canonical form."""
        return signed_digest("elcorp-schedule-v1", self.key, self.order.signed_content)

    def as_planned(self, calendar: BusinessCalendar) -> "Schedule":
        """Return the schedule as it was when planned, regardless of its current state: the response to that request.

        Its first occurrence is where the calendar has it now.
        """
        return Schedule(
            id=self.id,
            initiator_id=self.initiator_id,
            key=self.key,
            order=self.order,
            next_at=self.order.effective(0, calendar),
            created_at=self.created_at,
            signature=self.signature,
            organization_id=self.organization_id,
        )

    def confirm_replay(self, order: StandingOrder, *, organization_id: UUID | None = None) -> Self:
        """Return this schedule to a repeated request. Raise KeyReused if the key was reused for another schedule or payer."""
        if (self.order, self.organization_id) != (order, organization_id):
            raise KeyReused(schedule_id=self.id)
        return self

    def transfer_order(self) -> TransferOrder:
        """Make the order of the occurrence that is due. Its key identifies the occurrence, so that it is settled once."""
        order = self.order
        return TransferOrder(
            kind=TransferKind.TRANSFER,
            key=f"schedule:{self.id}:{self.next_number}",
            initiator_id=self.initiator_id,
            organization_id=self.organization_id,
            source_id=order.source_id,
            target_id=order.target_id,
            amount=order.amount,
            description=order.description,
            reference=order.reference,
            link_id=self.id,
        )

    def is_due(self, at: datetime, calendar: BusinessCalendar) -> bool:
        due = self.order.effective(self.next_number, calendar)
        return self.status is ScheduleStatus.ACTIVE and due is not None and due <= at

    def is_aligned(self, calendar: BusinessCalendar) -> bool:
        """Whether `next_at` is where this edition of the calendar has the next occurrence."""
        return not self.is_open or self.aligned_to == _alignment(calendar, self.next_number)

    def moves(self, calendar: BusinessCalendar) -> bool:
        return self.is_open and self.order.effective(self.next_number, calendar) != self.next_at

    def align(self, calendar: BusinessCalendar, at: datetime) -> None:
        """Move the next occurrence to where the calendar has it now. Its number stays, so that it is made once."""
        moves = self.moves(calendar)
        self.aligned_to = _alignment(calendar, self.next_number)
        if moves:
            self.next_at, self.version = self.order.effective(self.next_number, calendar), self.version + 1
            self._announce_changed(at)

    def record(self, run: Run, calendar: BusinessCalendar) -> None:
        """Record the outcome of the occurrence that was due, and move to the next one. A refusal is announced."""
        if run.number != self.next_number or not self.is_open:
            raise ValueError(f"schedule {self.id} is at {self.next_number}, not {run.number}")
        if run.code is None:
            self.succeeded += 1
        else:
            self.failed += 1
            self.announce(
                OccurrenceFailed(
                    occurred_at=run.run_at,
                    schedule_id=self.id,
                    initiator_id=self.initiator_id,
                    number=run.number,
                    due_at=run.due_at,
                    code=run.code,
                )
            )
        self.last_code = run.code
        self._go_to(run.number + 1, run.run_at, calendar)

    def pause(self, at: datetime, *, reason: str | None = None) -> None:
        self._require(ScheduleStatus.ACTIVE)
        self.status, self.status_reason, self.version = ScheduleStatus.PAUSED, reason, self.version + 1
        self._announce_changed(at)

    def resume(self, at: datetime, calendar: BusinessCalendar) -> None:
        """Continue with the next future occurrence. Occurrences during the pause are skipped.

        One that was moved is skipped only if both its planned and its effective time have passed.
        """
        self._require(ScheduleStatus.PAUSED)
        self.status, self.status_reason = ScheduleStatus.ACTIVE, None
        number = self.next_number
        while (last := self._last_time(number, calendar)) and last < at:
            number += 1
        self._go_to(number, at, calendar)
        if self.is_open:
            self._announce_changed(at)

    def cancel(self, at: datetime, *, reason: str | None = None) -> None:
        self._require(ScheduleStatus.ACTIVE, ScheduleStatus.PAUSED)
        self.status_reason = reason
        self._end(ScheduleStatus.CANCELLED, at)

    @property
    def is_open(self) -> bool:
        return self.status in {ScheduleStatus.ACTIVE, ScheduleStatus.PAUSED}

    def _last_time(self, number: int, calendar: BusinessCalendar) -> datetime | None:
        planned, effective = self.order.due(number), self.order.effective(number, calendar)
        return max(planned, effective) if planned and effective else None

    def _go_to(self, number: int, at: datetime, calendar: BusinessCalendar) -> None:
        self.next_number, self.next_at, self.version = number, self.order.effective(number, calendar), self.version + 1
        self.aligned_to = _alignment(calendar, number)
        if self.next_at is None:
            self._end(ScheduleStatus.ENDED, at)

    def _end(self, status: ScheduleStatus, at: datetime) -> None:
        self.status, self.next_at, self.ended_at, self.version = status, None, at, self.version + 1
        self._announce_changed(at)

    def _announce_changed(self, at: datetime) -> None:
        self.announce(
            ScheduleChanged(
                occurred_at=at, schedule_id=self.id, initiator_id=self.initiator_id, status=self.status, next_at=self.next_at
            )
        )

    def _require(self, *statuses: ScheduleStatus) -> None:
        if self.status not in statuses:
            raise ScheduleEnded(schedule_id=self.id, status=self.status)


def _alignment(calendar: BusinessCalendar, number: int) -> str:
    # With the number, because the previous release writes the planned time of the next occurrence and leaves this as it was.
    return f"{calendar.edition}:{number}"
