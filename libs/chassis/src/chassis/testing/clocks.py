"""A clock that moves only when a test advances it."""

from datetime import UTC, datetime, timedelta


class ControlledClock:
    """Starts at a fixed time, or at `start`."""

    def __init__(self, start: datetime = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, *, seconds: float = 0, days: float = 0) -> None:
        self._now += timedelta(seconds=seconds, days=days)
