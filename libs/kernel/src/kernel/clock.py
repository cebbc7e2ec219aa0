"""Time is passed in: nothing below `bootstrap` asks the machine what time it is."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Return the current time, in UTC with its zone."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)
