"""Business time: which days are business days, how long work took in working hours, and when a deadline with pauses is due.

Pure arithmetic on a calendar that the caller gives. Every search has a limit, so a calendar that is always closed is an error and
not an endless loop.
"""

from kernel.business_time.calendar import (
    BusinessCalendar,
    CalendarNeverOpen,
    Convention,
    SpecialDay,
    SpecialDays,
    WorkingHours,
    no_special_days,
)
from kernel.business_time.deadline import Allowance, Deadline, Pause, TimeKind

__all__ = [
    "Allowance",
    "BusinessCalendar",
    "CalendarNeverOpen",
    "Convention",
    "Deadline",
    "Pause",
    "SpecialDay",
    "SpecialDays",
    "TimeKind",
    "WorkingHours",
    "no_special_days",
]
