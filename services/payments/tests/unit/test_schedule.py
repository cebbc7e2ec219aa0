"""When a schedule is due, and its status."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import InvalidValue, KeyReused
from kernel.ids import new_id
from kernel.money import Money
from payments.domain.errors import NotPositive, ScheduleEnded, SelfTransfer
from payments.domain.events import OccurrenceFailed, ScheduleChanged
from payments.domain.limits import NAMIBIA
from payments.domain.schedule import AHEAD_MAX, OCCURRENCES_MAX, Frequency, Run, Schedule, ScheduleStatus, StandingOrder
from services.payments.tests.usual import CALENDAR

# In the evening of the 30th in UTC, which is the 31st in Windhoek.
START = datetime(2027, 1, 30, 23, 0, tzinfo=UTC)
NOW = START - timedelta(days=3)


def order(frequency: Frequency = Frequency.MONTHLY, **changes: Any) -> StandingOrder:
    values = {"source_id": SOURCE, "target_id": TARGET, "amount": Money.of("10.00", "NAD"), "starts_at": START, **changes}
    return StandingOrder(frequency=frequency, **values)


SOURCE, TARGET = new_id(), new_id()


def schedule(frequency: Frequency = Frequency.MONTHLY, **changes: Any) -> Schedule:
    return Schedule.plan(
        order(frequency, **changes), schedule_id=new_id(), initiator_id=new_id(), key="k", calendar=CALENDAR, at=NOW
    )


def run(one: Schedule, at: datetime, *, code: str | None = None) -> Run:
    assert one.next_at
    transfer_id = None if code else new_id()
    return Run(
        number=one.next_number,
        planned_at=one.next_at,
        due_at=one.next_at,
        run_at=at,
        transfer_id=transfer_id,
        code=code,
        message=code,
    )


def days(one: Schedule, count: int) -> list[date]:
    found = [one.order.due(number) for number in range(count)]
    return [due.astimezone(NAMIBIA).date() for due in found if due]


def test_the_last_day_of_a_month_in_windhoek_recurs_on_the_last_day_of_every_month() -> None:
    assert days(schedule(), 5) == [
        date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30), date(2027, 5, 31),
    ]  # fmt: skip
    assert days(schedule(starts_at=datetime(2028, 1, 31, 6, tzinfo=UTC)), 2)[1] == date(2028, 2, 29)


def test_daily_and_weekly_schedules_keep_their_hour() -> None:
    for frequency, step in ((Frequency.DAILY, timedelta(days=1)), (Frequency.WEEKLY, timedelta(weeks=1))):
        one = schedule(frequency)
        assert [one.order.due(n) for n in range(3)] == [START, START + step, START + 2 * step]


def test_a_single_occurrence_is_made_once_and_an_end_date_ends_a_schedule() -> None:
    assert days(schedule(Frequency.ONCE), 3) == [date(2027, 1, 31)]
    assert len(days(schedule(occurrences_max=4), 10)) == 4
    assert days(schedule(ends_on=date(2027, 3, 31)), 10)[-1] == date(2027, 3, 31)
    assert days(schedule(ends_on=date(2027, 3, 30)), 10)[-1] == date(2027, 2, 28)
    assert schedule(Frequency.DAILY).order.due(OCCURRENCES_MAX) is None


@given(st.sampled_from(list(Frequency)), st.datetimes(datetime(2026, 1, 1), datetime(2035, 1, 1)), st.integers(0, 500))  # noqa: DTZ001
def test_occurrences_follow_each_other(frequency: Frequency, naive: datetime, number: int) -> None:
    start = naive.replace(tzinfo=UTC)
    if frequency is Frequency.ONCE:
        return
    due, after = frequency.occurrence(start, number), frequency.occurrence(start, number + 1)
    assert timedelta(days=1) <= after - due <= timedelta(days=31)
    assert due.astimezone(NAMIBIA).time() == start.astimezone(NAMIBIA).time()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"target_id": SOURCE}, SelfTransfer),
        ({"amount": Money.of("0", "NAD")}, NotPositive),
        ({"ends_on": date(2027, 1, 30)}, InvalidValue),
        ({"occurrences_max": 0}, InvalidValue),
        ({"occurrences_max": OCCURRENCES_MAX + 1}, InvalidValue),
        ({"frequency": Frequency.ONCE, "occurrences_max": 2}, InvalidValue),
        ({"frequency": Frequency.ONCE, "ends_on": date(2027, 2, 1)}, InvalidValue),
        ({"starts_at": NOW - timedelta(seconds=1)}, InvalidValue),
        ({"starts_at": NOW + timedelta(days=5 * 366 + 1)}, InvalidValue),
    ],
)
def test_an_invalid_schedule_is_refused(changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        schedule(**changes)


def test_a_schedule_continues_after_a_refusal_that_it_announces_and_ends_after_its_last_occurrence() -> None:
    one = schedule(occurrences_max=2)
    one.record(run(one, START, code="PAY_001"), CALENDAR)
    planned, failed = one.collect()
    assert isinstance(planned, ScheduleChanged)
    assert isinstance(failed, OccurrenceFailed)
    assert (failed.number, failed.code, failed.due_at) == (0, "PAY_001", START)
    assert (one.status, one.failed, one.last_code, one.next_number) == (ScheduleStatus.ACTIVE, 1, "PAY_001", 1)
    one.record(run(one, START + timedelta(days=28)), CALENDAR)
    assert (one.status, one.succeeded, one.last_code, one.next_at) == (ScheduleStatus.ENDED, 1, None, None)
    [ended] = one.collect()
    assert isinstance(ended, ScheduleChanged)
    assert (ended.status, ended.next_at) == (ScheduleStatus.ENDED, None)


def test_an_occurrence_is_recorded_once() -> None:
    one = schedule(Frequency.DAILY)
    first = run(one, START)
    one.record(first, CALENDAR)
    with pytest.raises(ValueError, match="is at 1, not 0"):
        one.record(first, CALENDAR)


def test_occurrences_during_a_pause_are_skipped() -> None:
    one = schedule(Frequency.DAILY)
    one.pause(NOW)
    with pytest.raises(ScheduleEnded):
        one.pause(NOW)
    one.resume(START + timedelta(days=2, hours=1), CALENDAR)
    assert (one.status, one.next_number, one.next_at) == (ScheduleStatus.ACTIVE, 3, START + timedelta(days=3))
    with pytest.raises(ScheduleEnded):
        one.resume(START, CALENDAR)


def test_an_occurrence_is_made_when_resumed_exactly_at_its_time() -> None:
    one = schedule(Frequency.DAILY)
    one.pause(NOW)
    one.resume(START + timedelta(days=2), CALENDAR)
    assert (one.next_number, one.next_at) == (2, START + timedelta(days=2))


def test_a_schedule_resumed_after_its_last_day_has_ended() -> None:
    one = schedule(Frequency.DAILY, occurrences_max=2)
    one.pause(NOW)
    one.resume(START + timedelta(days=9), CALENDAR)
    assert (one.status, one.next_at) == (ScheduleStatus.ENDED, None)


def test_a_cancelled_schedule_stays_cancelled() -> None:
    one = schedule()
    one.cancel(NOW)
    assert (one.status, one.next_at, one.ended_at) == (ScheduleStatus.CANCELLED, None, NOW)
    for act in (lambda: one.cancel(NOW), lambda: one.pause(NOW), lambda: one.resume(NOW, CALENDAR)):
        with pytest.raises(ScheduleEnded):
            act()


def test_a_key_names_one_order_whatever_zone_its_time_is_written_in() -> None:
    one = schedule()
    assert one.confirm_replay(order(starts_at=START.astimezone(NAMIBIA))) is one
    with pytest.raises(KeyReused):
        one.confirm_replay(order(amount=Money.of("11.00", "NAD")))


def test_a_year_has_twelve_months() -> None:
    one = schedule(starts_at=datetime(2027, 11, 15, 6, tzinfo=UTC))
    assert days(one, 15)[:3] == [date(2027, 11, 15), date(2027, 12, 15), date(2028, 1, 15)]
    assert days(one, 15)[-1] == date(2029, 1, 15)


def test_the_first_occurrence_may_be_now_or_at_the_latest_possible_time() -> None:
    for starts_at in (NOW, NOW + AHEAD_MAX):
        assert schedule(starts_at=starts_at).next_at == starts_at
    for starts_at in (NOW - timedelta(microseconds=1), NOW + AHEAD_MAX + timedelta(microseconds=1)):
        with pytest.raises(InvalidValue):
            schedule(starts_at=starts_at)


def test_every_change_of_a_schedule_increases_its_version() -> None:
    one = schedule(Frequency.DAILY)
    versions = [one.version]
    for change in (
        lambda: one.pause(NOW),
        lambda: one.resume(NOW, CALENDAR),
        lambda: one.record(run(one, START), CALENDAR),
        lambda: one.cancel(START),
    ):
        change()
        versions.append(one.version)
    assert versions == [1, 2, 3, 4, 5]


def test_every_change_of_a_schedule_announces_when_it_is_due_next() -> None:
    one = schedule(Frequency.DAILY)
    one.pause(NOW)
    one.resume(START + timedelta(hours=1), CALENDAR)
    one.cancel(START + timedelta(hours=2))
    announced = [(event.status, event.next_at) for event in one.collect() if isinstance(event, ScheduleChanged)]
    assert announced == [("active", START), ("paused", START), ("active", START + timedelta(days=1)), ("cancelled", None)]


def test_the_last_day_may_be_the_first_day() -> None:
    assert days(schedule(ends_on=date(2027, 1, 31)), 3) == [date(2027, 1, 31)]
