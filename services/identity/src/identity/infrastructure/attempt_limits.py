"""Limits of password attempts: moving windows in Redis, shared by all processes."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerHour
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from prometheus_client import Counter
from redis.asyncio import Redis

from chassis.telemetry import log
from identity.domain.errors import TooManyAttempts
from kernel.errors import Unavailable
from kernel.networks import subscriber_of

# Limits slow guessing: a hundred failures in a row per thirty days.
_ROW_DAYS: Final = 30
_REFUSED = Counter("sign_in_attempts_refused_total", "Sign-in attempts refused because there were too many.")


class RedisAttemptLimits:
    """Without Redis, this process counts for itself until Redis is back. That is weaker, and logged."""

    def __init__(self, redis: Redis, url: str, *, per_hour: int, per_hour_of_address: int = 100, in_a_row: int = 100) -> None:
        self._account = RateLimitItemPerHour(per_hour, namespace="sign-in")
        self._device = RateLimitItemPerHour(per_hour, namespace="sign-in-device")
        self._address = RateLimitItemPerHour(per_hour_of_address, namespace="sign-in-address")
        # A success resets this count, so it has only failures in a row.
        self._account_row = RateLimitItemPerDay(in_a_row, _ROW_DAYS, namespace="sign-in-row")
        self._device_row = RateLimitItemPerDay(in_a_row, _ROW_DAYS, namespace="sign-in-device-row")
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
            await limiter.hit(self._address, subscriber_of(ip))

        await self._counted(count)

    async def forget(self, account: str, ip: str, *, device: str | None = None) -> None:  # noqa: ARG002  # an address keeps its failures
        limits, keys = self._of(account, device)
        await _clear(self._own, limits, keys)
        try:
            await _clear(self._shared, limits, keys)
        except StorageError as error:
            # The session exists. Do not refuse it only because its attempt still counts for an hour.
            log.warning("attempts_not_forgotten", problem=type(error.storage_error).__name__)

    async def unlock(self, account: str, *, devices: Sequence[str] = ()) -> None:
        counted = [self._of(account, device) for device in (None, *devices)]
        try:
            for limits, keys in counted:
                await _clear(self._own, limits, keys)
                await _clear(self._shared, limits, keys)
        except StorageError as error:
            raise Unavailable(dependency="redis") from error

    async def _counted(self, count: Callable[[MovingWindowRateLimiter], Awaitable[None]]) -> None:
        try:
            await count(self._shared)
        except StorageError as error:
            log.warning("attempts_counted_alone", problem=type(error.storage_error).__name__)
            await count(self._own)

    async def _admit(self, limiter: MovingWindowRateLimiter, account: str, ip: str, device: str | None) -> None:
        limits, keys = self._of(account, device)
        # A known device has its own count, at any address.
        address = subscriber_of(ip)
        if device is None and not await limiter.test(self._address, address):
            await _refuse(limiter, self._address, (address,))
        # Check the hour first: an attempt that it refuses was not a guess.
        for limit in limits:
            if not await limiter.hit(limit, *keys):
                await _refuse(limiter, limit, keys)

    def _of(self, account: str, device: str | None) -> tuple[tuple[RateLimitItem, RateLimitItem], tuple[str, ...]]:
        if device:
            return (self._device, self._device_row), (account, device)
        return (self._account, self._account_row), (account,)


async def _clear(limiter: MovingWindowRateLimiter, limits: Sequence[RateLimitItem], keys: tuple[str, ...]) -> None:
    for limit in limits:
        await limiter.clear(limit, *keys)


async def _refuse(limiter: MovingWindowRateLimiter, limit: RateLimitItem, keys: tuple[str, ...]) -> None:
    window = await limiter.get_window_stats(limit, *keys)
    _REFUSED.inc()
    raise TooManyAttempts(retry_after_seconds=max(1, round(window.reset_time - time.time())))
