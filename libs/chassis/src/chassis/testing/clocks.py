"""A clock that moves only when a test advances it."""

from datetime import UTC, datetime, timedelta


class ControlledClock:
    """Starts at a fixed time, or at `start`."""

    def __init__(self, start: datetime = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)) -> None:
        self._now = start
        self._passed = timedelta()

    def now(self) -> datetime:
        return self._now

    def elapsed(self) -> float:
        return self._passed.total_seconds()

    def advance(self, *, seconds: float = 0, days: float = 0) -> None:
        """Let time pass."""
        passed = timedelta(seconds=seconds, days=days)
        self._now += passed
        self._passed += passed

    def jump(self, *, seconds: float) -> None:
        """Set the time of day forward or back, as an operator or a time server does, while no time passes."""
        self._now += timedelta(seconds=seconds)
