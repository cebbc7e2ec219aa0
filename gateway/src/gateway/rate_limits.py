"""Requests per minute of each client: a moving window in steps of a second.

A client is an address, or the person of a valid token: hundreds may share an address, and one person may have many.

Decided from memory, for a round trip to Redis on each request would cost a fifth of the gateway's time and a third of its
added latency (docs/adr). `gateway.shared_rate_limits` tells the gateways of each other in the background, so the figures are:

- one gateway: no minute ever holds more than the limit; a request counts for up to a second longer than a minute;
- n gateways: a client gets through at most the limit, and what it can send to the other n-1 within one sync
  (100 ms and a round trip); in its very first such moment that is at most n times the limit;
- Redis away: each gateway by itself, n times the limit.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from kernel.networks import subscriber_of

WINDOW_SECONDS: Final = 60
# A request may have come at the end of its second: its step leaves when all of that second is a minute old.
STEPS: Final = WINDOW_SECONDS + 1
# A client that falls out of memory starts at zero again here, until the shared count is back.
WINDOWS_MAX: Final = 20_000


@dataclass(slots=True)
class Window:
    """One client's requests: our own by second, and what other gateways counted when last asked."""

    steps: dict[int, int] = field(default_factory=dict)
    own: int = 0
    others: int = 0
    others_oldest: int = 0
    unsent: dict[int, int] = field(default_factory=dict)

    def pass_to(self, second: int) -> None:
        """Let what is older than the window leave."""
        past = second - STEPS
        while self.own and (oldest := next(iter(self.steps))) <= past:
            self.own -= self.steps.pop(oldest)
        if self.others and self.others_oldest <= past:
            # Which of theirs are left is not known before the next sync: allow rather than refuse too long.
            self.others = 0

    def count(self, second: int) -> None:
        self.steps[second] = self.steps.get(second, 0) + 1
        self.unsent[second] = self.unsent.get(second, 0) + 1
        self.own += 1

    def seconds_to_relief(self, second: int) -> int:
        """Return how long until the oldest counted request leaves the window."""
        oldest = next(iter(self.steps)) if self.own else second
        if self.others:
            oldest = min(oldest, self.others_oldest)
        return max(1, oldest + STEPS - second)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one more request may pass, and what to tell the client."""

    allowed: bool
    limit: int
    remaining: int
    reset_seconds: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return RateLimit headers (draft-ietf-httpapi-ratelimit-headers-03, the widely understood form)."""
        return [
            (b"ratelimit-limit", b"%d" % self.limit),
            (b"ratelimit-remaining", b"%d" % self.remaining),
            (b"ratelimit-reset", b"%d" % self.reset_seconds),
        ]


class RateLimits:
    """The windows of all clients of one kind seen in the last minute; gateways share the counts of one `name`."""

    def __init__(self, limit: int, *, name: str = "", now: Callable[[], float] = time.time) -> None:
        self.limit = limit
        self.name = name
        self.windows: dict[str, Window] = {}
        # Clients that the next sync reports.
        self.asked: set[str] = set()
        self._now = now

    def admit(self, client: str) -> Verdict:
        """Count a request of an address or a person's id, unless the minute is used up: what is refused is not counted."""
        key = subscriber_of(client)
        second = int(self._now())
        window = self.windows.get(key) or self._open(key)
        window.pass_to(second)
        self.asked.add(key)
        used = window.own + window.others
        if used >= self.limit:
            return self._refused(window, second)
        window.count(second)
        return Verdict(
            allowed=True,
            limit=self.limit,
            remaining=self.limit - used - 1,
            reset_seconds=window.seconds_to_relief(second),
        )

    def refusal(self, client: str) -> Verdict | None:
        """Return the refusal of a client that has used up its minute, None for any other; counts nothing."""
        window = self.windows.get(subscriber_of(client))
        if window is None:
            return None
        second = int(self._now())
        window.pass_to(second)
        return self._refused(window, second) if window.own + window.others >= self.limit else None

    def _refused(self, window: Window, second: int) -> Verdict:
        return Verdict(allowed=False, limit=self.limit, remaining=0, reset_seconds=window.seconds_to_relief(second))

    def forget_idle(self) -> None:
        """Drop the windows in which nothing is left."""
        second = int(self._now())
        for key, window in list(self.windows.items()):
            window.pass_to(second)
            # The next sync reports the clients that asked since the last one.
            if key not in self.asked and not window.own and not window.others and not window.unsent:
                del self.windows[key]

    def _open(self, key: str) -> Window:
        while len(self.windows) >= WINDOWS_MAX:
            oldest = next(iter(self.windows))
            del self.windows[oldest]
            self.asked.discard(oldest)
        window = self.windows[key] = Window()
        return window
