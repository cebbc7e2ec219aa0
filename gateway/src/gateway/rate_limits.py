"""Requests per minute of each client: a sliding window in steps of one second.

A client is an address, or the person of a valid token: hundreds of people may share an address, and one may have many.

Requests are counted in memory: a round trip to Redis per request would cost a fifth of the gateway's time and a third of its
added latency (docs/adr). `gateway.shared_rate_limits` shares the counts between gateways in the background. So the limits are:

- one gateway: never more than the limit in any minute; a request counts for up to a second longer than a minute;
- n gateways: at most the limit, plus what a client can send to the other n-1 within one sync (100 ms and a round trip); in
  its very first sync that is at most n times the limit;
- Redis unavailable: each gateway counts by itself, so n times the limit.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from kernel.networks import subscriber_of

WINDOW_SECONDS: Final = 60
# A request may arrive at the end of its second: keep the step until the whole second is a minute old.
STEPS: Final = WINDOW_SECONDS + 1
# A client that is evicted starts at zero here, until the shared count arrives.
WINDOWS_MAX: Final = 20_000


@dataclass(slots=True)
class Window:
    """One client's requests: this gateway's by second, and the other gateways' total at the last sync."""

    steps: dict[int, int] = field(default_factory=dict)
    own: int = 0
    others: int = 0
    others_oldest: int = 0
    unsent: dict[int, int] = field(default_factory=dict)

    def pass_to(self, second: int) -> None:
        """Drop the counts that are older than the window."""
        past = second - STEPS
        while self.own and (oldest := next(iter(self.steps))) <= past:
            self.own -= self.steps.pop(oldest)
        if self.others and self.others_oldest <= past:
            # How many of the others' requests are left is unknown until the next sync: forget them rather than refuse too long.
            self.others = 0

    def count(self, second: int) -> None:
        self.steps[second] = self.steps.get(second, 0) + 1
        self.unsent[second] = self.unsent.get(second, 0) + 1
        self.own += 1

    def seconds_to_relief(self, second: int) -> int:
        """Return the seconds until the oldest counted request leaves the window."""
        oldest = next(iter(self.steps)) if self.own else second
        if self.others:
            oldest = min(oldest, self.others_oldest)
        return max(1, oldest + STEPS - second)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision whether to admit one more request, and its rate limit headers."""

    allowed: bool
    limit: int
    remaining: int
    reset_seconds: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return RateLimit headers (draft-ietf-httpapi-ratelimit-headers-03, the widely supported form)."""
        return [
            (b"ratelimit-limit", b"%d" % self.limit),
            (b"ratelimit-remaining", b"%d" % self.remaining),
            (b"ratelimit-reset", b"%d" % self.reset_seconds),
        ]


class RateLimits:
    """The windows of all clients of one kind in the last minute; gateways share the counts under `name`."""

    def __init__(self, limit: int, *, name: str = "", now: Callable[[], float] = time.time) -> None:
        self.limit = limit
        self.name = name
        self.windows: dict[str, Window] = {}
        # Clients whose counts the next sync reports.
        self.asked: set[str] = set()
        self._now = now

    def admit(self, client: str) -> Verdict:
        """Count a request of an address or a person's id. A request beyond the limit is refused and not counted."""
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
        """Return the refusal of a client that has reached its limit, else None, without counting a request."""
        window = self.windows.get(subscriber_of(client))
        if window is None:
            return None
        second = int(self._now())
        window.pass_to(second)
        return self._refused(window, second) if window.own + window.others >= self.limit else None

    def _refused(self, window: Window, second: int) -> Verdict:
        return Verdict(allowed=False, limit=self.limit, remaining=0, reset_seconds=window.seconds_to_relief(second))

    def forget_idle(self) -> None:
        """Drop empty windows."""
        second = int(self._now())
        for key, window in list(self.windows.items()):
            window.pass_to(second)
            # Keep clients in `asked`: the next sync reports them.
            if key not in self.asked and not window.own and not window.others and not window.unsent:
                del self.windows[key]

    def _open(self, key: str) -> Window:
        while len(self.windows) >= WINDOWS_MAX:
            oldest = next(iter(self.windows))
            del self.windows[oldest]
            self.asked.discard(oldest)
        window = self.windows[key] = Window()
        return window
