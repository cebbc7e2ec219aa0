"""Namibia's business days: weekends, the law's holidays, and days declared at short notice."""

from datetime import UTC, date, datetime, timedelta

import pytest

from chassis.business_time.day_overrides import DayOverride
from chassis.business_time.namibia import NAMIBIAN_TIME, namibian_calendar, namibian_holidays
from kernel.business_time import Allowance, Convention, Deadline, TimeKind

OFFICE = namibian_calendar({})
MOURNING = {date(2026, 12, 11): DayOverride(open=False, name="Day of national mourning")}


@pytest.mark.parametrize(
    ("day", "name"),
    [
        ("2026-01-01", "New Year's Day"),
        ("2026-04-03", "Good Friday"),
        ("2026-04-06", "Easter Monday"),
        ("2026-05-14", "Ascension Day"),
        ("2026-05-28", "Genocide Remembrance Day"),
        ("2026-12-10", "Day of the Namibian Women and International Human Rights Day"),
        ("2026-12-26", "Family Day"),
        # Section 1(2) of the Act: the Monday after a holiday on a Sunday.
        ("2027-03-22", "Independence Day (observed)"),
        ("2028-05-29", "Genocide Remembrance Day (observed)"),
        ("2028-12-11", "Day of the Namibian Women and International Human Rights Day (observed)"),
    ],
)
def test_the_laws_holidays_are_closed_with_their_names(day: str, name: str) -> None:
    found = date.fromisoformat(day)
    assert namibian_holidays(found.year)[found] == name
    assert not OFFICE.is_business_day(found)


def test_genocide_remembrance_day_is_a_holiday_since_2025() -> None:
    assert OFFICE.is_business_day(date(2024, 5, 28))
    assert not OFFICE.is_business_day(date(2025, 5, 28))


def test_a_holiday_on_a_saturday_does_not_move_and_a_monday_that_is_a_holiday_gets_no_second_day() -> None:
    # Independence Day 2026 is a Saturday; Christmas Day 2033 a Sunday before Family Day.
    assert OFFICE.is_business_day(date(2026, 3, 23))
    assert namibian_holidays(2033)[date(2033, 12, 26)] == "Family Day"
    assert OFFICE.is_business_day(date(2033, 12, 27))


@pytest.mark.parametrize(
    ("day", "following", "preceding", "modified"),
    [
        ("2026-11-28", "2026-11-30", "2026-11-27", "2026-11-30"),
        ("2026-05-28", "2026-05-29", "2026-05-27", "2026-05-29"),
        ("2026-04-03", "2026-04-07", "2026-04-02", "2026-04-07"),
        ("2026-01-31", "2026-02-02", "2026-01-30", "2026-01-30"),
        ("2027-01-01", "2027-01-04", "2026-12-31", "2027-01-04"),
        ("2027-12-25", "2027-12-28", "2027-12-24", "2027-12-28"),
    ],
    ids=["weekend", "28 May", "Easter", "end of month", "new year", "Christmas"],
)
def test_days_roll_over_weekends_and_holidays(day: str, following: str, preceding: str, modified: str) -> None:
    rolled = [
        OFFICE.roll(date.fromisoformat(day), convention).isoformat()
        for convention in (Convention.FOLLOWING, Convention.PRECEDING, Convention.MODIFIED_FOLLOWING)
    ]
    assert rolled == [following, preceding, modified]


def test_a_deadline_of_two_working_days_runs_over_the_end_of_the_year() -> None:
    started = datetime(2026, 12, 31, 12, tzinfo=NAMIBIAN_TIME)
    two_days = Allowance(timedelta(hours=18), TimeKind.WORKING)
    one = Deadline(started_at=started, allowance=two_days, calendar=OFFICE)
    # Friday is New Year's Day; then a weekend.
    assert one.due_at() == datetime(2027, 1, 5, 12, tzinfo=NAMIBIAN_TIME)
    assert one.remaining(datetime(2027, 1, 4, 8, tzinfo=NAMIBIAN_TIME)) == timedelta(hours=13)


def test_a_day_declared_at_short_notice_prevails_over_weekday_and_holiday() -> None:
    told = namibian_calendar(MOURNING)
    assert (OFFICE.is_business_day(date(2026, 12, 11)), told.is_business_day(date(2026, 12, 11))) == (True, False)
    # Human Rights Day is on the Thursday before.
    assert told.next_business_day(date(2026, 12, 9)) == date(2026, 12, 14)
    opened = namibian_calendar({date(2026, 12, 26): DayOverride(open=True, name="Stocktaking")})
    assert opened.is_business_day(date(2026, 12, 26))
    hours = opened.working_time_between(datetime(2026, 12, 25, 22, tzinfo=UTC), datetime(2026, 12, 26, 22, tzinfo=UTC))
    assert hours == timedelta(hours=9)


def test_the_edition_changes_with_the_open_days_only() -> None:
    assert namibian_calendar({}).edition == OFFICE.edition != namibian_calendar(MOURNING).edition
    renamed = {day: one.model_copy(update={"name": "other"}) for day, one in MOURNING.items()}
    assert namibian_calendar(renamed).edition == namibian_calendar(MOURNING).edition


def test_the_time_of_namibia_is_two_hours_ahead_of_utc_in_every_month() -> None:
    offsets = {datetime(2026, month, 1, tzinfo=NAMIBIAN_TIME).utcoffset() for month in range(1, 13)}
    assert offsets == {timedelta(hours=2)}
