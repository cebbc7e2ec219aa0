"""Blocked aggregates: the broker refused one of their events, so they wait while others are published."""

from collections.abc import Callable

from chassis.waiting import Backoff

FIRST_SECONDS = 1.0
SECONDS_MAX = 60.0


class BlockedAggregates:
    """Records until when each blocked aggregate waits; each further refusal doubles the wait."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until: dict[str, float] = {}
        self._backoffs: dict[str, Backoff] = {}

    def __len__(self) -> int:
        return len(self._backoffs)

    def put(self, aggregate: str) -> None:
        backoff = self._backoffs.setdefault(aggregate, Backoff(first_seconds=FIRST_SECONDS, seconds_max=SECONDS_MAX))
        self._until[aggregate] = self._clock() + backoff.next()

    def release(self, aggregate: str) -> None:
        self._until.pop(aggregate, None)
        self._backoffs.pop(aggregate, None)

    def active(self) -> list[str]:
        now = self._clock()
        return [aggregate for aggregate, until in self._until.items() if until > now]
