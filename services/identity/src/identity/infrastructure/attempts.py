"""How often a password may be tried: moving windows in Redis, shared by all processes."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from limits import RateLimitItem, RateLimitItemPerHour
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from prometheus_client import Counter
from redis.asyncio import Redis

from chassis.telemetry import log
from identity.domain.errors import TooManyAttempts
from kernel.errors import Unavailable

_REFUSED = Counter("sign_in_attempts_refused_total", "Sign-in attempts refused for their number.")


class LimitedAttempts:
    """Redis away: this process counts for itself until it is back, which is weaker and said in the log."""

    def __init__(self, redis: Redis, url: str, *, per_hour: int, per_hour_of_address: int = 100) -> None:
        self._account = RateLimitItemPerHour(per_hour, namespace="sign-in")
        self._device = RateLimitItemPerHour(per_hour, namespace="sign-in-device")
        self._address = RateLimitItemPerHour(per_hour_of_address, namespace="sign-in-address")
        options: dict[str, Any] = {"connection_pool": redis.connection_pool}
        shared = RedisStorage(
            f"async+{url}", wrap_exceptions=True, implementation="redispy", key_prefix="elcorp:limits", **options
        )
        self._shared = MovingWindowRateLimiter(shared)
        self._own = MovingWindowRateLimiter(MemoryStorage())

    async def admit(self, account: str, ip: str, *, device: str | None = None) -> None:
        await self._counted(lambda limiter: self._admit(limiter, account, ip, device))

    async def fail(self, ip: str) -> None:
        async def count(limiter: MovingWindowRateLimiter) -> None:
            await limiter.hit(self._address, ip)

        await self._counted(count)

    async def forget(self, account: str, ip: str, *, device: str | None = None) -> None:  # noqa: ARG002  # an address keeps its failures
        limit, keys = self._of(account, device)
        await self._own.clear(limit, *keys)
        try:
            await self._shared.clear(limit, *keys)
        except StorageError as error:
            # The session exists; that its attempt still counts for an hour is no reason to refuse it.
            log.warning("attempts_not_forgotten", problem=type(error.storage_error).__name__)

    async def unlock(self, account: str) -> None:
        await self._own.clear(self._account, account)
        try:
            await self._shared.clear(self._account, account)
        except StorageError as error:
            raise Unavailable(dependency="redis") from error

    async def _counted(self, count: Callable[[MovingWindowRateLimiter], Awaitable[None]]) -> None:
        try:
            await count(self._shared)
        except StorageError as error:
            log.warning("attempts_counted_alone", problem=type(error.storage_error).__name__)
            await count(self._own)

    async def _admit(self, limiter: MovingWindowRateLimiter, account: str, ip: str, device: str | None) -> None:
        limit, keys = self._of(account, device)
        # A known device stands for itself, wherever it is.
        if device is None and not await limiter.test(self._address, ip):
            await _refuse(limiter, self._address, (ip,))
        if not await limiter.hit(limit, *keys):
            await _refuse(limiter, limit, keys)

    def _of(self, account: str, device: str | None) -> tuple[RateLimitItem, tuple[str, ...]]:
        return (self._device, (account, device)) if device else (self._account, (account,))


async def _refuse(limiter: MovingWindowRateLimiter, limit: RateLimitItem, keys: tuple[str, ...]) -> None:
    window = await limiter.get_window_stats(limit, *keys)
    _REFUSED.inc()
    raise TooManyAttempts(retry_after_seconds=max(1, round(window.reset_time - time.time())))
