"""Event streams: counted apart from requests, so that clients who follow something cannot use up the places of payments.

A response is a stream by its media type. It leaves the count of requests when its headers arrive, and takes a place here.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import prometheus_client

from chassis.http import EVENT_STREAM_TYPE
from gateway.error_responses import too_many_streams, unavailable

OPEN: Final = prometheus_client.Gauge("gateway_open_streams", "Event streams in progress.")
REFUSED: Final = prometheus_client.Counter("gateway_streams_refused_total", "Event streams refused.", ("limit",))
# After it, a client connects again, to another gateway.
COME_BACK: Final = b"retry: 1000\n\n"
_END_OF_EVENT: Final = b"\n\n"


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Open streams of this gateway in all, and of one person (of one address, without a token)."""

    all_max: int
    person_max: int


class Streams:
    """The open streams of a gateway. `draining` is set when they are to end."""

    def __init__(self, limits: StreamLimits) -> None:
        self.draining = asyncio.Event()
        self.open = 0
        self._limits = limits
        self._people: Counter[str] = Counter()
        OPEN.set_function(lambda: self.open)

    def drain(self) -> None:
        """End all streams now, and those that begin later at once; their clients connect again."""
        self.draining.set()

    @contextmanager
    def place(self, person: str) -> Iterator[None]:
        """Hold a place; raises Refusal (503 if this gateway, 429 if the person has the maximum)."""
        if self.open >= self._limits.all_max:
            REFUSED.labels("all").inc()
            raise unavailable("Too many event streams at the same time; retry later.")
        if self._people[person] >= self._limits.person_max:
            REFUSED.labels("person").inc()
            raise too_many_streams()
        self.open += 1
        self._people[person] += 1
        try:
            yield
        finally:
            self.open -= 1
            self._people[person] -= 1
            if not self._people[person]:
                del self._people[person]


def is_stream(headers: Mapping[str, str]) -> bool:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower() == EVENT_STREAM_TYPE


class EventBoundary:
    """Whether what was sent of a stream ends with a whole event: only then may something be added to it."""

    def __init__(self) -> None:
        self._tail = _END_OF_EVENT

    def sent(self, chunk: bytes) -> None:
        self._tail = (self._tail + chunk)[-len(_END_OF_EVENT) :]

    @property
    def last_words(self) -> bytes:
        """What is sent before the gateway ends the stream. A browser drops an event without its end."""
        return COME_BACK if self._tail == _END_OF_EVENT else b""
