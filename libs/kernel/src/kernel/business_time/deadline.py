"""A deadline: an allowance of time from a start, less the pauses."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from kernel.business_time.calendar import SPAN_DAYS_MAX, BusinessCalendar, in_utc
from kernel.errors import InvalidValue

PAUSES_MAX: Final = 1000
_NOTHING: Final = timedelta(0)


class TimeKind(StrEnum):
    """Whether time counts only in working hours, or always."""

    WORKING = "working"
    CALENDAR = "calendar"


@dataclass(frozen=True, slots=True)
class Allowance:
    amount: timedelta
    kind: TimeKind

    def __post_init__(self) -> None:
        if not _NOTHING <= self.amount <= timedelta(days=SPAN_DAYS_MAX):
            raise InvalidValue(field="allowance", expected=f"0 to {SPAN_DAYS_MAX} days", given=self.amount)


@dataclass(frozen=True, slots=True)
class Pause:
    """`ended_at` is None while the pause is open."""

    began_at: datetime
    ended_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.ended_at is not None and self.ended_at < self.began_at:
            raise InvalidValue(field="ended_at", expected="a time after the pause began", given=self.ended_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """Pauses may be in any order and may overlap; time that two pauses cover is taken off once."""

    started_at: datetime
    allowance: Allowance
    calendar: BusinessCalendar
    pauses: tuple[Pause, ...] = ()

    def __post_init__(self) -> None:
        if len(self.pauses) > PAUSES_MAX:
            raise InvalidValue(field="pauses", expected=f"at most {PAUSES_MAX} pauses", given=len(self.pauses))

    def due_at(self) -> datetime | None:
        """Return when the allowance is used up, in UTC, or None if that depends on the end of an open pause."""
        rest = self.allowance.amount
        for begins, ends in self._running():
            if ends is None:
                return self._add(begins, rest)
            if (passes := self._between(begins, ends)) >= rest:
                return self._add(begins, rest)
            rest -= passes
        return None

    def elapsed(self, at: datetime) -> timedelta:
        """Return the time that counts until `at`."""
        at, total = in_utc(at), _NOTHING
        for begins, ends in self._running():
            if begins >= at:
                break
            total += self._between(begins, at if ends is None else min(ends, at))
        return total

    def remaining(self, at: datetime) -> timedelta:
        """Return what is left of the allowance; negative after it was used up."""
        return self.allowance.amount - self.elapsed(at)

    def is_breached(self, at: datetime) -> bool:
        due = self.due_at()
        return due is not None and at > due

    def _running(self) -> Iterator[tuple[datetime, datetime | None]]:
        """Give the times between the pauses. The last one has no end, unless a pause is open."""
        begins = in_utc(self.started_at)
        for pause in sorted(self.pauses, key=lambda one: in_utc(one.began_at)):
            if in_utc(pause.began_at) > begins:
                yield begins, in_utc(pause.began_at)
            if pause.ended_at is None:
                return
            begins = max(begins, in_utc(pause.ended_at))
        yield begins, None

    def _between(self, begins: datetime, ends: datetime) -> timedelta:
        if self.allowance.kind is TimeKind.CALENDAR:
            return ends - begins
        return self.calendar.working_time_between(begins, ends)

    def _add(self, begins: datetime, amount: timedelta) -> datetime:
        if self.allowance.kind is TimeKind.CALENDAR:
            return begins + amount
        return self.calendar.add_working_time(begins, amount)
