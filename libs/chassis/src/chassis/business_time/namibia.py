"""Namibia's calendar: Public Holidays Act 26 of 1990, and Genocide Remembrance Day since 2025."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date, time, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from chassis.business_time.day_overrides import DayOverride
from kernel.business_time import BusinessCalendar, SpecialDay, SpecialDays, WorkingHours

NAMIBIAN_TIME: Final = ZoneInfo("Africa/Windhoek")
# The years that an edition covers. The library knows no holidays after 2100; only weekends are closed then.
_EDITION_YEARS: Final = range(2025, 2101)
_YEARS_KEPT: Final = 256
_SUNDAY: Final = 6
_OFFICE: Final = (WorkingHours(time(8), time(17)),)
_WEEK: Final = MappingProxyType(dict.fromkeys(range(5), _OFFICE))


@lru_cache(maxsize=_YEARS_KEPT)
def namibian_holidays(year: int) -> Mapping[date, str]:
    """Return the public holidays of a year with their names, including the Monday after one on a Sunday."""
    # Loads the holidays of all countries, which takes half a second. Only processes that use the calendar pay for it.
    from holidays import country_holidays  # noqa: PLC0415

    found = dict(country_holidays("NA", years=year, language="en_NA").items())
    for day, name in list(found.items()):
        # Section 1(2) is for every public holiday; the library leaves out Genocide Remembrance Day, which is on a Sunday in 2028.
        if day.weekday() == _SUNDAY and year >= _EDITION_YEARS.start:
            found.setdefault(day + timedelta(days=1), f"{name} (observed)")
    return MappingProxyType(dict(sorted(found.items())))


def namibian_calendar(overrides: Mapping[date, DayOverride]) -> BusinessCalendar:
    """Return the calendar of offices in Namibia: Monday to Friday, 08:00 to 17:00.

    An override prevails over weekday and holiday.
    """
    special = namibian_special_days(overrides)
    return BusinessCalendar(zone=NAMIBIAN_TIME, hours=_WEEK, special=special, special_hours=_OFFICE, edition=_edition(overrides))


def namibian_special_days(overrides: Mapping[date, DayOverride]) -> SpecialDays:
    """Return the public holidays and declared days. It costs nothing until the first question."""
    declared = {day: SpecialDay(one.name, is_open=one.open) for day, one in overrides.items()}

    def special(day: date) -> SpecialDay | None:
        if one := declared.get(day):
            return one
        name = namibian_holidays(day.year).get(day)
        return SpecialDay(name) if name else None

    return special


def _edition(overrides: Mapping[date, DayOverride]) -> str:
    closed = {day.isoformat(): False for year in _EDITION_YEARS for day in namibian_holidays(year)}
    days = closed | {day.isoformat(): one.open for day, one in overrides.items()}
    return hashlib.sha256(json.dumps(sorted(days.items())).encode()).hexdigest()[:16]
