"""Business days and working hours of one place."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise
from typing import Final, Protocol

from kernel.errors import InvalidValue

# A calendar without a business day in a year is wrong.
SEARCH_DAYS_MAX: Final = 366
BUSINESS_DAYS_MAX: Final = 10_000
# How far working time is counted: ten years.
SPAN_DAYS_MAX: Final = 3660
_DAY: Final = timedelta(days=1)
_NOTHING: Final = timedelta(0)


def in_utc(at: datetime) -> datetime:
    """Return the moment in UTC. Differences of moments in one other zone leave out that clocks are put forward or back."""
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return at.astimezone(UTC)


class CalendarNeverOpen(ValueError):
    """The calendar has no working time within the searched days."""


class Convention(StrEnum):
    """What happens to a date that is no business day. ISO 20022 and ISDA use these names.

    MODIFIED_FOLLOWING is the next business day, or the previous one where the next is in another month.
    """

    NONE = "none"
    FOLLOWING = "following"
    PRECEDING = "preceding"
    MODIFIED_FOLLOWING = "modified_following"


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """A part of a day in local time, from `opens` until `closes`."""

    opens: time
    closes: time

    def __post_init__(self) -> None:
        if not self.opens < self.closes or self.opens.tzinfo or self.closes.tzinfo:
            raise ValueError(f"working hours from {self.opens} until {self.closes}")


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A date that differs from its weekday: a holiday, or a day that is open although its weekday or a holiday says otherwise."""

    name: str
    is_open: bool = False


class SpecialDays(Protocol):
    def __call__(self, day: date, /) -> SpecialDay | None: ...


def no_special_days(_day: date, /) -> SpecialDay | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessCalendar:
    """`hours` has the working hours of each open weekday (0 is Monday), in order and without overlaps.

    A special day that is open has the hours of its weekday; `special_hours` if the weekday has none. `edition` names the open
    days: who keeps a date that was rolled compares it to learn that the date may have changed.
    """

    zone: tzinfo
    hours: Mapping[int, Sequence[WorkingHours]]
    special: SpecialDays = no_special_days
    special_hours: Sequence[WorkingHours] = field(default=(WorkingHours(time(8), time(17)),))
    edition: str = ""

    def __post_init__(self) -> None:
        for weekday, parts in (*self.hours.items(), (0, self.special_hours)):
            if weekday not in range(7) or any(one.closes > other.opens for one, other in pairwise(parts)):
                raise ValueError(f"working hours of weekday {weekday}: {parts}")

    def day_of(self, at: datetime) -> date:
        """Return the local date at a moment."""
        return in_utc(at).astimezone(self.zone).date()

    def hours_on(self, day: date) -> Sequence[WorkingHours]:
        regular = self.hours.get(day.weekday(), ())
        match self.special(day):
            case SpecialDay(is_open=True):
                return regular or self.special_hours
            case SpecialDay():
                return ()
            case None:
                return regular

    def is_business_day(self, day: date) -> bool:
        return bool(self.hours_on(day))

    def next_business_day(self, day: date) -> date:
        """Return the first business day after `day`. Raises CalendarNeverOpen."""
        return self._search(day, _DAY)

    def previous_business_day(self, day: date) -> date:
        """Return the last business day before `day`. Raises CalendarNeverOpen."""
        return self._search(day, -_DAY)

    def _search(self, day: date, step: timedelta) -> date:
        for count in range(1, SEARCH_DAYS_MAX + 1):
            if self.is_business_day(found := day + count * step):
                return found
        raise CalendarNeverOpen(f"no business day within {SEARCH_DAYS_MAX} days of {day}")

    def roll(self, day: date, convention: Convention) -> date:
        """Return `day` if it is a business day, otherwise the day that the convention puts in its place."""
        if convention is Convention.NONE or self.is_business_day(day):
            return day
        if convention is Convention.PRECEDING:
            return self.previous_business_day(day)
        following = self.next_business_day(day)
        if convention is Convention.MODIFIED_FOLLOWING and following.month != day.month:
            return self.previous_business_day(day)
        return following

    def roll_moment(self, at: datetime, convention: Convention) -> datetime:
        """Roll the local date of a moment and keep its local time of day. A moment that stays is returned unchanged."""
        local = in_utc(at).astimezone(self.zone)
        day = self.roll(local.date(), convention)
        return at if day == local.date() else datetime.combine(day, local.time(), self.zone).astimezone(UTC)

    def add_business_days(self, day: date, count: int) -> date:
        """Return the business day that is `count` business days after `day`, or before it if negative.

        Zero rolls to the following business day. `day` itself is not counted.
        """
        if abs(count) > BUSINESS_DAYS_MAX:
            raise InvalidValue(expected=f"at most {BUSINESS_DAYS_MAX} business days", given=count)
        if not count:
            return self.roll(day, Convention.FOLLOWING)
        step = _DAY if count > 0 else -_DAY
        for _ in range(abs(count)):
            day = self._search(day, step)
        return day

    def business_days_between(self, start: date, end: date) -> int:
        """Count the business days after `start` until `end` inclusive; negative if `end` is earlier, counted from `end`."""
        if end < start:
            return -sum(1 for day in self._days(end, start - _DAY) if self.is_business_day(day))
        return sum(1 for day in self._days(start + _DAY, end) if self.is_business_day(day))

    def add_working_time(self, start: datetime, amount: timedelta) -> datetime:
        """Return the earliest moment until which `amount` of working time has passed since `start`, in UTC.

        Raises InvalidValue for a negative amount, CalendarNeverOpen if ten years do not have as much.
        """
        if amount < _NOTHING:
            raise InvalidValue(expected="an amount of working time that is not negative", given=amount)
        rest, start = amount, in_utc(start)
        if not rest:
            return start
        first = self.day_of(start)
        for opens, closes in self._windows(self._days(first, first + SPAN_DAYS_MAX * _DAY)):
            begins = max(opens, start)
            if begins + rest <= closes:
                return begins + rest
            rest -= max(closes - begins, _NOTHING)
        raise CalendarNeverOpen(f"less than {amount} of working time within {SPAN_DAYS_MAX} days of {start}")

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time from `start` until `end`; negative if `end` is earlier. Raises InvalidValue over ten years."""
        start, end = in_utc(start), in_utc(end)
        if end < start:
            return -self.working_time_between(end, start)
        windows = self._windows(self._days(self.day_of(start), self.day_of(end)))
        return sum((max(min(closes, end) - max(opens, start), _NOTHING) for opens, closes in windows), _NOTHING)

    def _days(self, first: date, last: date) -> Iterator[date]:
        if (last - first).days > SPAN_DAYS_MAX:
            raise InvalidValue(expected=f"at most {SPAN_DAYS_MAX} days between two times", given=(last - first).days)
        return (first + count * _DAY for count in range((last - first).days + 1))

    def _windows(self, days: Iterator[date]) -> Iterator[tuple[datetime, datetime]]:
        """Give the working hours as moments in UTC: differences of local times are wrong where clocks are put forward or back."""
        for day in days:
            for part in self.hours_on(day):
                opens = datetime.combine(day, part.opens, self.zone).astimezone(UTC)
                closes = datetime.combine(day, part.closes, self.zone).astimezone(UTC)
                yield opens, max(opens, closes)
