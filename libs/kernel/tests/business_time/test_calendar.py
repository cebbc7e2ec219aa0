"""The laws of business days and working time."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.business_time import BusinessCalendar, CalendarNeverOpen, Convention, WorkingHours
from kernel.business_time.calendar import BUSINESS_DAYS_MAX, SPAN_DAYS_MAX
from kernel.errors import InvalidValue
from libs.kernel.tests.business_time.calendars import CLOSED_BY_DATE, NEVER, NIGHTS, OFFICE, WEEK, WINDHOEK

FIRST: Final = datetime(2026, 1, 1)  # noqa: DTZ001
days = st.dates(date(2026, 1, 1), date(2027, 12, 31))
moments = st.datetimes(FIRST, FIRST + timedelta(days=700), timezones=st.just(UTC))
amounts = st.integers(0, 400 * 60).map(lambda minutes: timedelta(minutes=minutes))
calendars = st.sampled_from([OFFICE, NIGHTS])
conventions = st.sampled_from(list(Convention))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=WINDHOEK)


@given(days, conventions)
def test_rolling_is_idempotent_and_gives_a_business_day(day: date, convention: Convention) -> None:
    rolled = OFFICE.roll(day, convention)
    assert OFFICE.roll(rolled, convention) == rolled
    assert convention is Convention.NONE or OFFICE.is_business_day(rolled)
    assert not OFFICE.is_business_day(day) or rolled == day


@given(days, st.integers(0, 20), conventions)
def test_rolling_keeps_the_order_of_days(day: date, later: int, convention: Convention) -> None:
    assert OFFICE.roll(day, convention) <= OFFICE.roll(day + timedelta(days=later), convention)


@given(days)
def test_modified_following_stays_in_the_month(day: date) -> None:
    assert OFFICE.roll(day, Convention.MODIFIED_FOLLOWING).month == day.month
    assert OFFICE.roll(day, Convention.PRECEDING) <= day <= OFFICE.roll(day, Convention.FOLLOWING)


@given(days, st.integers(-60, 60).filter(bool))
def test_adding_business_days_and_counting_them_gives_the_same_number(day: date, count: int) -> None:
    reached = OFFICE.add_business_days(day, count)
    assert OFFICE.is_business_day(reached)
    assert OFFICE.business_days_between(day, reached) == count


@given(days, st.integers(-60, 60), st.integers(0, 9))
def test_adding_more_business_days_never_comes_earlier(day: date, count: int, more: int) -> None:
    assert OFFICE.add_business_days(day, count) <= OFFICE.add_business_days(day, count + more)


@given(calendars, moments, amounts)
def test_adding_working_time_and_measuring_it_gives_the_same_time(
    calendar: BusinessCalendar, start: datetime, amount: timedelta
) -> None:
    end = calendar.add_working_time(start, amount)
    assert calendar.working_time_between(start, end) == amount
    # It is the earliest moment.
    assert not amount or calendar.working_time_between(start, end - timedelta(microseconds=1)) < amount


@given(calendars, moments, amounts, amounts)
def test_working_time_is_added_in_one_step_or_in_two(
    calendar: BusinessCalendar, start: datetime, one: timedelta, other: timedelta
) -> None:
    assert calendar.add_working_time(calendar.add_working_time(start, one), other) == calendar.add_working_time(
        start, one + other
    )


@given(calendars, moments, amounts, amounts)
def test_a_later_start_or_a_larger_amount_never_ends_earlier(
    calendar: BusinessCalendar, start: datetime, amount: timedelta, more: timedelta
) -> None:
    end = calendar.add_working_time(start, amount)
    assert end <= calendar.add_working_time(start, amount + more)
    assert end <= calendar.add_working_time(start + more, amount)


@given(calendars, moments, amounts, amounts)
def test_working_times_of_two_spans_add_up(calendar: BusinessCalendar, start: datetime, one: timedelta, other: timedelta) -> None:
    middle, end = start + one, start + one + other
    measure = calendar.working_time_between
    assert measure(start, middle) + measure(middle, end) == measure(start, end) == -measure(end, start)


def test_working_time_skips_the_lunch_break_the_weekend_and_holidays() -> None:
    assert OFFICE.add_working_time(at("2026-04-02T16:00"), timedelta(hours=1)) == at("2026-04-02T17:00")
    # Thursday before Easter until Tuesday after it.
    assert OFFICE.add_working_time(at("2026-04-02T16:00"), timedelta(hours=2)) == at("2026-04-07T09:00")
    assert OFFICE.working_time_between(at("2026-04-02T12:30"), at("2026-04-02T14:30")) == timedelta(hours=1)
    # Saturday 30 May is open, with the special hours.
    assert OFFICE.working_time_between(at("2026-05-29T16:00"), at("2026-05-30T09:00")) == timedelta(hours=2)


def test_hours_are_counted_on_the_clock_of_the_world_when_local_clocks_change() -> None:
    # From 02:00 to 03:00 there is no local time on 29 March 2026, and on 25 October 2026 the hour comes twice.
    one = NIGHTS.working_time_between(datetime(2026, 3, 29, tzinfo=NIGHTS.zone), datetime(2026, 3, 29, 12, tzinfo=NIGHTS.zone))
    other = NIGHTS.working_time_between(
        datetime(2026, 10, 25, tzinfo=NIGHTS.zone), datetime(2026, 10, 25, 12, tzinfo=NIGHTS.zone)
    )
    assert (one, other) == (timedelta(hours=1.5), timedelta(hours=3.5))


def test_the_date_is_local_and_the_time_of_day_stays() -> None:
    late = datetime(2026, 5, 27, 22, 30, tzinfo=UTC)
    assert OFFICE.day_of(late) == date(2026, 5, 28)
    assert OFFICE.roll_moment(late, Convention.FOLLOWING) == late + timedelta(days=1)
    assert OFFICE.roll_moment(late, Convention.NONE) is late
    with pytest.raises(ValueError, match="has no time zone"):
        OFFICE.day_of(datetime(2026, 5, 27))  # noqa: DTZ001


@pytest.mark.parametrize("calendar", [NEVER, CLOSED_BY_DATE], ids=["without hours", "closed by date"])
@pytest.mark.parametrize(
    "act",
    [
        lambda calendar: calendar.next_business_day(date(2026, 1, 1)),
        lambda calendar: calendar.previous_business_day(date(2026, 1, 1)),
        lambda calendar: calendar.roll(date(2026, 1, 1), Convention.MODIFIED_FOLLOWING),
        lambda calendar: calendar.add_business_days(date(2026, 1, 1), 1),
        lambda calendar: calendar.add_working_time(datetime(2026, 1, 1, tzinfo=UTC), timedelta(hours=1)),
    ],
    ids=["next", "previous", "roll", "add days", "add time"],
)
def test_a_calendar_that_is_never_open_is_an_error(calendar: BusinessCalendar, act: Callable[[BusinessCalendar], object]) -> None:
    with pytest.raises(CalendarNeverOpen):
        act(calendar)
    assert calendar.working_time_between(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)) == timedelta(0)


def test_what_is_counted_is_limited() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for act in (
        lambda: OFFICE.add_business_days(start.date(), BUSINESS_DAYS_MAX + 1),
        lambda: OFFICE.add_working_time(start, timedelta(hours=-1)),
        lambda: OFFICE.working_time_between(start, start + timedelta(days=SPAN_DAYS_MAX + 1)),
        lambda: OFFICE.business_days_between(start.date(), start.date() + timedelta(days=SPAN_DAYS_MAX + 2)),
    ):
        with pytest.raises(InvalidValue):
            act()


@pytest.mark.parametrize(
    "hours",
    [{7: ()}, {0: (WorkingHours(time(8), time(12)), WorkingHours(time(11), time(13)))}],
    ids=["no such weekday", "overlap"],
)
def test_wrong_hours_are_refused(hours: dict[int, tuple[WorkingHours, ...]]) -> None:
    with pytest.raises(ValueError, match="working hours of weekday"):
        BusinessCalendar(zone=WINDHOEK, hours={**WEEK, **hours})
    with pytest.raises(ValueError, match="working hours from"):
        WorkingHours(time(9), time(9))
