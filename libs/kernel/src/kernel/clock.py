"""The clock that use cases are given: nothing below `bootstrap` reads the system time itself."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Return the current time, in UTC with its zone."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)
