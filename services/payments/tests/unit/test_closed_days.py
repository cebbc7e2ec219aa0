"""When an occurrence on a closed day is made."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.business_time.day_overrides import DayOverride
from chassis.business_time.namibia import NAMIBIAN_TIME, namibian_calendar
from kernel.ids import new_id
from kernel.money import Money
from payments.domain.events import ScheduleChanged
from payments.domain.schedule import Frequency, OnClosedDay, Run, Schedule, StandingOrder
from services.payments.tests.usual import CALENDAR

NEXT, PREVIOUS, MODIFIED = OnClosedDay.NEXT_BUSINESS_DAY, OnClosedDay.PREVIOUS_BUSINESS_DAY, OnClosedDay.MODIFIED_FOLLOWING
NOW = datetime(2026, 1, 5, 6, tzinfo=UTC)
# Monday 14 December, declared closed.
TOLD = namibian_calendar({date(2026, 12, 14): DayOverride(open=False, name="State funeral")})
rules = st.sampled_from(list(OnClosedDay))
starts = st.datetimes(datetime(2026, 1, 6), datetime(2029, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


def order(rule: OnClosedDay, starts_at: datetime, frequency: Frequency = Frequency.MONTHLY, **changes: Any) -> StandingOrder:
    return StandingOrder(
        source_id=new_id(),
        target_id=new_id(),
        amount=Money.of("10.00", "NAD"),
        frequency=frequency,
        starts_at=starts_at,
        on_closed_day=rule,
        **changes,
    )


def plan(rule: OnClosedDay, starts_at: datetime, at: datetime = NOW, **changes: Any) -> Schedule:
    made = order(rule, starts_at, **changes)
    return Schedule.plan(made, schedule_id=new_id(), initiator_id=new_id(), key="k", calendar=CALENDAR, at=at)


def day(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T08:00").replace(tzinfo=NAMIBIAN_TIME)


@pytest.mark.parametrize(
    ("planned", "rule", "made"),
    [
        ("2026-11-28", OnClosedDay.AS_PLANNED, "2026-11-28"),
        ("2026-11-28", NEXT, "2026-11-30"),
        ("2026-11-28", PREVIOUS, "2026-11-27"),
        ("2026-05-28", NEXT, "2026-05-29"),
        ("2026-04-04", NEXT, "2026-04-07"),
        ("2026-04-05", PREVIOUS, "2026-04-02"),
        ("2027-01-01", PREVIOUS, "2026-12-31"),
        ("2026-01-31", MODIFIED, "2026-01-30"),
        ("2026-02-28", MODIFIED, "2026-02-27"),
        ("2026-11-28", MODIFIED, "2026-11-30"),
        ("2026-12-15", NEXT, "2026-12-15"),
    ],
)
def test_an_occurrence_on_a_closed_day_is_made_when_the_rule_says(planned: str, rule: OnClosedDay, made: str) -> None:
    schedule = plan(rule, day(planned))
    assert (schedule.next_at, schedule.order.due(0)) == (day(made), day(planned))


@given(rules, starts, st.sampled_from(list(Frequency)), st.integers(0, 30))
def test_a_rule_changes_the_time_but_neither_the_number_nor_the_key(
    rule: OnClosedDay, starts_at: datetime, frequency: Frequency, runs: int
) -> None:
    schedule, plain = plan(rule, starts_at, frequency=frequency), plan(OnClosedDay.AS_PLANNED, starts_at, frequency=frequency)
    earlier = None
    for number in range(runs):
        if not (schedule.next_at and plain.next_at):
            break
        assert schedule.transfer_order().key == f"schedule:{schedule.id}:{number}"
        assert abs(schedule.next_at - plain.next_at) <= timedelta(days=6)
        # The order of occurrences is kept, though several may be made on one day.
        assert earlier is None or earlier <= schedule.next_at
        earlier = schedule.next_at
        for one in (schedule, plain):
            assert one.next_at
            run = Run(number=number, planned_at=one.next_at, due_at=one.next_at, run_at=one.next_at, transfer_id=new_id())
            one.record(run, CALENDAR)
    assert (schedule.next_number, schedule.status) == (plain.next_number, plain.status)


def test_the_last_day_is_a_planned_day() -> None:
    schedule = plan(NEXT, day("2026-11-28"), ends_on=date(2026, 11, 28))
    assert schedule.next_at == day("2026-11-30")


def test_an_occurrence_whose_business_day_is_past_when_it_is_planned_is_due_at_once() -> None:
    saturday_morning = day("2026-11-28") - timedelta(hours=1)
    schedule = plan(PREVIOUS, day("2026-11-28"), saturday_morning)
    assert schedule.next_at == day("2026-11-27")
    assert schedule.is_due(saturday_morning, CALENDAR)


@pytest.mark.parametrize(
    ("rule", "resumed", "number"),
    [
        (NEXT, "2026-11-29", 0),
        (PREVIOUS, "2026-11-28", 0),
        (NEXT, "2026-12-01", 1),
        (PREVIOUS, "2026-11-29", 1),
        (OnClosedDay.AS_PLANNED, "2026-11-29", 1),
    ],
)
def test_a_pause_skips_an_occurrence_only_if_both_its_times_have_passed(rule: OnClosedDay, resumed: str, number: int) -> None:
    schedule = plan(rule, day("2026-11-28"))
    schedule.pause(NOW)
    schedule.resume(day(resumed), CALENDAR)
    assert schedule.next_number == number


@pytest.mark.parametrize(("rule", "made"), [(NEXT, "2026-12-15"), (PREVIOUS, "2026-12-11")])
def test_a_day_declared_later_moves_the_next_occurrence_and_says_so(rule: OnClosedDay, made: str) -> None:
    schedule = plan(rule, day("2026-12-14"))
    schedule.collect()
    version = schedule.version
    assert (schedule.is_aligned(CALENDAR), schedule.is_aligned(TOLD), schedule.moves(TOLD)) == (True, False, True)
    schedule.align(TOLD, NOW)
    [event] = schedule.collect()
    assert isinstance(event, ScheduleChanged)
    assert (schedule.next_at, event.next_at, schedule.next_number, schedule.version) == (day(made), day(made), 0, version + 1)
    assert schedule.is_aligned(TOLD)
    schedule.align(TOLD, NOW)
    assert (schedule.collect(), schedule.version) == ([], version + 1)


def test_a_rule_is_signed_and_the_default_is_the_text_of_before() -> None:
    plain, moved = order(OnClosedDay.AS_PLANNED, NOW), order(NEXT, NOW)
    assert b"on_closed_day" not in plain.signed_content
    assert b'"on_closed_day":"next_business_day"' in moved.signed_content
