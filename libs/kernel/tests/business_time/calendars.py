"""Calendars for tests."""

from datetime import date, time
from typing import Final
from zoneinfo import ZoneInfo

from kernel.business_time import BusinessCalendar, SpecialDay, WorkingHours

WINDHOEK: Final = ZoneInfo("Africa/Windhoek")
BERLIN: Final = ZoneInfo("Europe/Berlin")
MORNING, AFTERNOON = WorkingHours(time(8), time(13)), WorkingHours(time(14), time(17))
CLOSED: Final = {
    date(2026, 5, 28): "Genocide Remembrance Day",
    date(2026, 4, 3): "Good Friday",
    date(2026, 4, 6): "Easter Monday",
}
OPEN: Final = {date(2026, 5, 30): "Stocktaking"}


def special(day: date) -> SpecialDay | None:
    if name := OPEN.get(day):
        return SpecialDay(name, is_open=True)
    return SpecialDay(CLOSED[day]) if day in CLOSED else None


WEEK: Final = dict.fromkeys(range(5), (MORNING, AFTERNOON))
OFFICE: Final = BusinessCalendar(zone=WINDHOEK, hours=WEEK, special=special)
# Clocks are put forward and back there, and the work of the night is in between.
NIGHTS: Final = BusinessCalendar(zone=BERLIN, hours=dict.fromkeys(range(7), (WorkingHours(time(1, 30), time(4)),)))
NEVER: Final = BusinessCalendar(zone=WINDHOEK, hours={})
CLOSED_BY_DATE: Final = BusinessCalendar(zone=WINDHOEK, hours=WEEK, special=lambda _day: SpecialDay("closed"))
