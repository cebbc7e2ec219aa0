"""Outages: the message types whose handler found a dependency away. One message of the type tries again while the others wait."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from chassis.waiting import Backoff

# Half of a waiting message's own pauses, so that another message tries in between: the fault may be of one message only.
FIRST_SECONDS: Final = 0.1
SECONDS_MAX: Final = 2.5


class Outage:
    """One type's outage. `is_foreign`: it was found while our own database answered."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.changed = asyncio.Event()
        self.is_foreign = False
        self._clock = clock
        self._backoff = Backoff(first_seconds=FIRST_SECONDS, seconds_max=SECONDS_MAX)
        self._is_tried = False
        self._until = clock() + self._backoff.next()

    def may_try(self) -> bool:
        return not self._is_tried and self._clock() >= self._until

    def claim(self) -> bool:
        """Take the next attempt; return False if it is not due, or another message's."""
        if not self.may_try():
            return False
        self._is_tried = True
        return True

    def seconds_left(self) -> float | None:
        """Return the seconds until the next attempt; None while one runs."""
        return None if self._is_tried else max(0.0, self._until - self._clock())

    def give_back(self) -> None:
        """End an attempt without a result."""
        self._is_tried = False
        self.announce()

    def prolong(self, *, is_foreign: bool) -> None:
        self.is_foreign = is_foreign
        # Of several messages that fail together, only one makes the wait longer.
        if self._is_tried:
            self._until = self._clock() + self._backoff.next()
        self.give_back()

    def announce(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


class Outages:
    """The outages of one queue's types."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._open: dict[str, Outage] = {}

    def get(self, event_type: str) -> Outage | None:
        return self._open.get(event_type)

    def types_at_rest(self) -> list[str]:
        """Return the types of which no message may be tried now."""
        return [event_type for event_type, outage in self._open.items() if not outage.may_try()]

    def found(self, event_type: str, *, is_foreign: bool) -> None:
        """Begin an outage, or prolong it."""
        if outage := self._open.get(event_type):
            outage.prolong(is_foreign=is_foreign)
        else:
            self._open[event_type] = Outage(self._clock)

    def over(self, event_type: str) -> None:
        if outage := self._open.pop(event_type, None):
            outage.announce()

    @contextmanager
    def attempt(self, event_type: str) -> Iterator[None]:
        """Give an attempt back that ends without a result, because it was cancelled."""
        try:
            yield
        except BaseException:
            if outage := self._open.get(event_type):
                outage.give_back()
            raise
