"""Event streams: counted apart from requests, so that clients who follow something cannot use up the places of payments.

A response is a stream by its media type. It leaves the count of requests when its headers arrive, and takes a place here.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import prometheus_client

from chassis.http import EVENT_STREAM_TYPE
from gateway.places import PlaceLimits, Places

OPEN: Final = prometheus_client.Gauge("gateway_open_streams", "Event streams in progress.")
REFUSED: Final = prometheus_client.Counter("gateway_streams_refused_total", "Event streams refused.", ("limit",))
# After it, a client connects again, to another gateway.
COME_BACK: Final = b"retry: 1000\n\n"
_END_OF_EVENT: Final = b"\n\n"


class Streams(Places):
    """The open streams of a gateway. `draining` is set when they are to end."""

    def __init__(self, limits: PlaceLimits) -> None:
        super().__init__("event streams", limits, refused=REFUSED)
        self.draining = asyncio.Event()
        OPEN.set_function(lambda: self.open)

    def drain(self) -> None:
        """End all streams now, and those that begin later at once; their clients connect again."""
        self.draining.set()


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
