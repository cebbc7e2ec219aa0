"""Shares request counts between gateways through Redis, in the background."""

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Final

from prometheus_client import Counter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from chassis.telemetry import log
from chassis.waiting import sleep_unless
from gateway.rate_limits import STEPS, RateLimits, Window

SYNC_SECONDS: Final = 0.1
FORGET_SECONDS: Final = 10.0
# Per script call: Redis serves nobody else while a script runs.
WINDOWS_PER_CALL: Final = 200
KEY_PREFIX: Final = "elcorp:rate:"

_FAILED: Final = Counter("gateway_rate_limit_sync_failures_total", "Syncs of request counts with Redis that failed.")

# Each client has a hash of at most 61 fields: second → requests admitted by all gateways in that second.
_SYNC: Final = """
local second, window, at, answer = tonumber(ARGV[1]), tonumber(ARGV[2]), 3, {}
for index, key in ipairs(KEYS) do
  local steps = tonumber(ARGV[at])
  at = at + 1
  for _ = 1, steps do
    redis.call('HINCRBY', key, ARGV[at], ARGV[at + 1])
    at = at + 2
  end
  local fields, total, oldest = redis.call('HGETALL', key), 0, second
  for field = 1, #fields, 2 do
    local when = tonumber(fields[field])
    if when <= second - window then
      redis.call('HDEL', key, fields[field])
    else
      total = total + tonumber(fields[field + 1])
      oldest = math.min(oldest, when)
    end
  end
  redis.call('EXPIRE', key, window + 1)
  answer[2 * index - 1], answer[2 * index] = total, oldest
end
return answer
"""


class SharedRateLimits:
    """Sends this gateway's counts and receives the others', ten times a second."""

    def __init__(self, redis: Redis, *rates: RateLimits, now: Callable[[], float] = time.time) -> None:
        self._rates = rates
        self._now = now
        self._script = redis.register_script(_SYNC)
        self._away = False

    async def run(self, stop: asyncio.Event) -> None:
        forget_at = time.monotonic() + FORGET_SECONDS
        while not stop.is_set():
            await self.sync()
            if time.monotonic() >= forget_at:
                for rates in self._rates:
                    rates.forget_idle()
                forget_at = time.monotonic() + FORGET_SECONDS
            await sleep_unless(stop, SYNC_SECONDS)

    async def sync(self) -> None:
        """Exchange the counts of all clients that sent requests since the last sync."""
        windows: list[tuple[str, Window]] = []
        for rates in self._rates:
            asked, rates.asked = rates.asked, set()
            windows += ((f"{KEY_PREFIX}{rates.name}{key}", rates.windows[key]) for key in asked)
        try:
            for first in range(0, len(windows), WINDOWS_PER_CALL):
                await self._sync(windows[first : first + WINDOWS_PER_CALL])
        except (RedisError, OSError) as error:
            self._record_failure(error)
        else:
            self._away = False

    async def _sync(self, windows: Sequence[tuple[str, Window]]) -> None:
        second = int(self._now())
        arguments: list[int] = [second, STEPS]
        owned = []
        for _, window in windows:
            # Cleared before the answer is known: a sync that fails half-way must not count twice.
            unsent, window.unsent = window.unsent, {}
            arguments += [len(unsent), *chain.from_iterable(unsent.items())]
            window.pass_to(second)
            owned.append(window.own)
        answer = await self._script(keys=[key for key, _ in windows], args=arguments)
        for (_, window), own, total, oldest in zip(windows, owned, answer[::2], answer[1::2], strict=True):
            window.others = max(0, total - own)
            window.others_oldest = oldest

    def _record_failure(self, error: Exception) -> None:
        _FAILED.inc()
        for rates in self._rates:
            for window in rates.windows.values():
                window.unsent.clear()
        if not self._away:
            log.warning("rate_limits_not_shared", error=type(error).__name__)
        self._away = True
