"""The laws of deadlines with pauses."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.business_time import Allowance, Deadline, Pause, TimeKind
from kernel.business_time.deadline import PAUSES_MAX
from kernel.errors import InvalidValue
from libs.kernel.tests.business_time.calendars import OFFICE, WINDHOEK

START: Final = datetime(2026, 5, 26, 10, tzinfo=UTC)
hours = st.integers(-24, 400).map(lambda count: START + timedelta(hours=count))
kinds = st.sampled_from(list(TimeKind))
amounts = st.integers(0, 60).map(lambda count: timedelta(hours=count))
pauses = st.lists(st.tuples(hours, hours).map(lambda pair: Pause(min(pair), max(pair))), max_size=4).map(tuple)


def deadline(kind: TimeKind, amount: timedelta, *of: Pause) -> Deadline:
    return Deadline(started_at=START, allowance=Allowance(amount, kind), calendar=OFFICE, pauses=of)


@given(kinds, amounts, pauses)
def test_when_it_is_due_the_allowance_is_used_up(kind: TimeKind, amount: timedelta, of: tuple[Pause, ...]) -> None:
    one = deadline(kind, amount, *of)
    due = one.due_at()
    assert due
    assert (one.elapsed(due), one.remaining(due)) == (amount, timedelta(0))
    assert not one.is_breached(due)
    assert one.is_breached(due + timedelta(microseconds=1))
    assert not amount or one.elapsed(due - timedelta(microseconds=1)) < amount


@given(kinds, pauses, hours, hours)
def test_elapsed_time_and_pauses_make_up_the_whole(kind: TimeKind, of: tuple[Pause, ...], one: datetime, other: datetime) -> None:
    amount, early, late = timedelta(hours=60), min(one, other), max(one, other)
    paused, plain = deadline(kind, amount, *of), deadline(kind, amount)
    assert timedelta(0) <= paused.elapsed(early) <= paused.elapsed(late) <= plain.elapsed(late)
    if kind is TimeKind.CALENDAR:
        hour = timedelta(hours=1)
        counted = [START + n * hour for n in range(max(0, (late - START) // hour))]
        running = [at for at in counted if not any(p.began_at <= at < (p.ended_at or late) for p in of)]
        assert paused.elapsed(late) == len(running) * hour


@given(kinds, amounts, pauses, pauses)
def test_a_further_pause_never_makes_it_due_earlier(
    kind: TimeKind, amount: timedelta, of: tuple[Pause, ...], more: tuple[Pause, ...]
) -> None:
    early, late = deadline(kind, amount, *of).due_at(), deadline(kind, amount, *of, *more).due_at()
    assert early
    assert late
    assert early <= late


@given(kinds, amounts, pauses)
def test_a_pause_given_twice_or_in_parts_is_taken_off_once(kind: TimeKind, amount: timedelta, of: tuple[Pause, ...]) -> None:
    parts = [Pause(p.began_at, p.began_at + (p.ended_at - p.began_at) / 2) for p in of if p.ended_at]
    assert deadline(kind, amount, *of, *reversed(of), *parts).due_at() == deadline(kind, amount, *of).due_at()


@given(kinds, amounts, hours, hours)
def test_nothing_is_due_in_an_open_pause(kind: TimeKind, amount: timedelta, began: datetime, at: datetime) -> None:
    one = deadline(kind, amount, Pause(began))
    plain = deadline(kind, amount).due_at()
    assert plain
    if began < plain or began <= START:
        assert (one.due_at(), one.is_breached(at)) == (None, False)
        assert one.elapsed(max(at, began)) == deadline(kind, amount).elapsed(began)
    else:
        assert one.due_at() == plain


def test_two_working_days_over_a_holiday_and_a_pause() -> None:
    started = datetime(2026, 5, 26, 16, tzinfo=WINDHOEK)
    allowance = Allowance(timedelta(hours=9), TimeKind.WORKING)
    one = Deadline(started_at=started, allowance=allowance, calendar=OFFICE)
    # An hour on Tuesday, eight on Wednesday; Thursday 28 May is closed.
    assert one.due_at() == datetime(2026, 5, 27, 17, tzinfo=WINDHOEK)
    waits = Pause(datetime(2026, 5, 27, 9, tzinfo=WINDHOEK), datetime(2026, 5, 27, 16, tzinfo=WINDHOEK))
    paused = Deadline(started_at=started, allowance=allowance, calendar=OFFICE, pauses=(waits,))
    assert paused.due_at() == datetime(2026, 5, 29, 15, tzinfo=WINDHOEK)
    assert paused.remaining(datetime(2026, 5, 28, 12, tzinfo=WINDHOEK)) == timedelta(hours=6)
    assert paused.remaining(datetime(2026, 5, 29, 16, tzinfo=WINDHOEK)) == timedelta(hours=-1)


def test_what_is_given_is_limited() -> None:
    with pytest.raises(InvalidValue):
        Allowance(timedelta(hours=-1), TimeKind.WORKING)
    with pytest.raises(InvalidValue):
        Allowance(timedelta(days=4000), TimeKind.CALENDAR)
    with pytest.raises(InvalidValue):
        Pause(START, START - timedelta(hours=1))
    with pytest.raises(InvalidValue):
        deadline(TimeKind.WORKING, timedelta(1), *[Pause(START, START)] * (PAUSES_MAX + 1))
