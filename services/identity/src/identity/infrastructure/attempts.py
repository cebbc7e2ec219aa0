"""How often an account may be tried from an address: a moving window in Redis, shared by all processes."""

import time
from typing import Any

from limits import RateLimitItemPerHour
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from prometheus_client import Counter
from redis.asyncio import Redis

from chassis.telemetry import log
from identity.domain.errors import TooManyAttempts

_REFUSED = Counter("sign_in_attempts_refused_total", "Sign-in attempts refused for their number.")


class LimitedAttempts:
    """Redis away: this process counts for itself until it is back, which is weaker and said in the log."""

    def __init__(self, redis: Redis, url: str, *, per_hour: int) -> None:
        self._limit = RateLimitItemPerHour(per_hour, namespace="sign-in")
        options: dict[str, Any] = {"connection_pool": redis.connection_pool}
        shared = RedisStorage(
            f"async+{url}", wrap_exceptions=True, implementation="redispy", key_prefix="elcorp:limits", **options
        )
        self._shared = MovingWindowRateLimiter(shared)
        self._own = MovingWindowRateLimiter(MemoryStorage())

    async def admit(self, account: str, ip: str) -> None:
        try:
            await self._admit(self._shared, account, ip)
        except StorageError as error:
            log.warning("attempts_counted_alone", problem=type(error.storage_error).__name__)
            await self._admit(self._own, account, ip)

    async def forget(self, account: str, ip: str) -> None:
        await self._own.clear(self._limit, account, ip)
        try:
            await self._shared.clear(self._limit, account, ip)
        except StorageError as error:
            # The session exists; that its attempt still counts for an hour is no reason to refuse it.
            log.warning("attempts_not_forgotten", problem=type(error.storage_error).__name__)

    async def _admit(self, limiter: MovingWindowRateLimiter, account: str, ip: str) -> None:
        if not await limiter.hit(self._limit, account, ip):
            window = await limiter.get_window_stats(self._limit, account, ip)
            _REFUSED.inc()
            raise TooManyAttempts(retry_after_seconds=max(1, round(window.reset_time - time.time())))
