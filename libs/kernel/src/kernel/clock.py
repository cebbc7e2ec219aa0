"""The clock that use cases are given: nothing below `bootstrap` reads the system time itself.

An instant ("expires at", "occurred at") is the time of day, which people and other machines share. An age ("fetched 40 s ago") is
a difference of `elapsed`: the time of day may be set while the process runs, and an age must not change with it.
"""

import time
from datetime import UTC, datetime
from typing import Final, Protocol

# It also counts while the machine is suspended, unlike time.monotonic(). Systems without it count suspension in CLOCK_MONOTONIC.
_ELAPSED: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    def now(self) -> datetime:
        """Return the current time, in UTC with its zone."""

    def elapsed(self) -> float:
        """Return seconds since an arbitrary moment. They only increase, whatever happens to the time of day."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def elapsed(self) -> float:
        return time.clock_gettime(_ELAPSED)


def elapsed_seconds() -> float:
    """Return `Clock.elapsed` of this machine, for code that measures ages only."""
    return time.clock_gettime(_ELAPSED)
