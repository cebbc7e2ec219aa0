"""Limits of request bodies: their time, their number per address, and streamed bodies per service."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gateway.error_responses import too_many_at_once, unavailable
from kernel.networks import subscriber_of

Body = bytes | AsyncIterator[bytes] | None


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """A body has `seconds`, plus one for each `bytes_per_second` of its length, up to `seconds_max`; no pause beyond `seconds`.

    A body of up to `whole_bytes_max` is received completely before the service is called. One address may send `open_max` bodies
    at the same time.
    """

    seconds: float
    bytes_per_second: int
    seconds_max: float
    whole_bytes_max: int
    open_max: int

    def seconds_for(self, length: int, *, seconds_max: float = 0) -> float:
        """Return the time for a body; a `seconds_max` above the limits' own replaces it."""
        return min(self.seconds + length / self.bytes_per_second, max(self.seconds_max, seconds_max))


class BodyTime:
    """The time left for one body. It counts only while the gateway waits for the client, not for a slow service.

    Without a declared `length`, the length received so far counts.
    """

    __slots__ = ("_arrived", "_length", "_limits", "_seconds_max", "_waited")

    def __init__(self, limits: BodyLimits, length: int | None, *, seconds_max: float = 0) -> None:
        self._limits = limits
        self._length = length
        self._seconds_max = seconds_max
        self._arrived = 0
        self._waited = 0.0

    def arrived(self, count: int) -> None:
        self._arrived += count

    @contextmanager
    def waiting(self) -> Iterator[float]:
        """Count the time that the block takes; yields the seconds left for it."""
        loop = asyncio.get_running_loop()
        since = loop.time()
        length = self._arrived if self._length is None else self._length
        yield min(self._limits.seconds, self._limits.seconds_for(length, seconds_max=self._seconds_max) - self._waited)
        self._waited += loop.time() - since


class OpenBodies:
    """Counts the bodies being received, per client address (IPv6: per /64)."""

    def __init__(self, limits: BodyLimits) -> None:
        self.limits = limits
        self._open: Counter[str] = Counter()

    def take(self, ip: str) -> str:
        """Take a place and return the key to release it; raises Refusal (429)."""
        key = subscriber_of(ip)
        if self._open[key] >= self.limits.open_max:
            raise too_many_at_once("request bodies")
        self._open[key] += 1
        return key

    def release(self, key: str) -> None:
        self._open[key] -= 1
        if not self._open[key]:
            del self._open[key]

    def __len__(self) -> int:
        return self._open.total()


class Uploads:
    """Limits the bodies streamed to each service, so that connections remain for other requests."""

    def __init__(self, per_service_max: int) -> None:
        self._max = per_service_max
        self._open: Counter[str] = Counter()

    @contextmanager
    def place(self, service: str) -> Iterator[None]:
        """Hold a place during the block; raises Refusal (503)."""
        if self._open[service] >= self._max:
            raise unavailable("Too many large bodies at the same time; retry later.")
        self._open[service] += 1
        try:
            yield
        finally:
            self._open[service] -= 1
