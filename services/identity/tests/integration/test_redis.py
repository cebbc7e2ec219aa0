"""Attempts and revocations, on a real Redis that may be unavailable."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError

from chassis.auth.ended_sessions import ENDED_KEY, FACTORS_KEY
from chassis.redis import redis_client
from chassis.testing.faults import FaultProxy
from chassis.testing.running import endpoint, through
from identity.domain.errors import TooManyAttempts
from identity.infrastructure.attempt_limits import RedisAttemptLimits
from identity.infrastructure.revocations import KEPT_SECONDS, RedisRevocations
from identity.settings import IdentitySettings
from identity.wiring.adapters import attempts as counting
from kernel.assurance import Factors
from kernel.errors import Unavailable

Proxies = Callable[[str, int], Awaitable[FaultProxy]]
ENDED = datetime(2026, 3, 21, 8, 0, 0, 250_000, tzinfo=UTC)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = redis_client(redis_url)
    yield client
    await client.aclose()


@pytest.mark.clause("ASVS 6.1.1")
async def test_attempts_are_limited_per_account_from_any_address(redis: Redis, redis_url: str) -> None:
    attempts = RedisAttemptLimits(redis, redis_url, per_hour=3)
    for _ in range(3):
        await attempts.admit("ndapewa", "198.51.100.7")
    with pytest.raises(TooManyAttempts) as refused:
        await attempts.admit("ndapewa", "198.51.100.7")
    assert 3500 < refused.value.retry_after_seconds <= 3600
    with pytest.raises(TooManyAttempts):
        await attempts.admit("ndapewa", "198.51.100.8")
    await attempts.admit("johannes", "198.51.100.7")
    await attempts.unlock("ndapewa")
    await attempts.admit("ndapewa", "198.51.100.7")


@pytest.mark.clause("ASVS 6.1.1")
async def test_a_known_device_has_its_own_count(redis: Redis, redis_url: str) -> None:
    attempts = RedisAttemptLimits(redis, redis_url, per_hour=2, per_hour_of_address=2)
    for _ in range(2):
        await attempts.admit("ndapewa", "198.51.100.7")
        await attempts.fail("198.51.100.7")
    for account in ("ndapewa", "johannes"):
        with pytest.raises(TooManyAttempts):
            await attempts.admit(account, "198.51.100.7")
    for _ in range(2):
        await attempts.admit("ndapewa", "198.51.100.7", device="telephone")
    with pytest.raises(TooManyAttempts):
        await attempts.admit("ndapewa", "198.51.100.7", device="telephone")
    await attempts.forget("ndapewa", "198.51.100.7", device="telephone")
    await attempts.admit("ndapewa", "198.51.100.7", device="telephone")
    # A success on the known device gives unknown devices no further attempts.
    with pytest.raises(TooManyAttempts):
        await attempts.admit("ndapewa", "198.51.100.8")


@pytest.mark.clause("ASVS 6.1.1")
async def test_guesses_in_a_row_are_limited_at_any_rate_until_a_success_or_an_unlock(redis: Redis, redis_url: str) -> None:
    attempts = RedisAttemptLimits(redis, redis_url, per_hour=1000, in_a_row=4)
    for device in (None, "telephone"):
        for _ in range(4):
            await attempts.admit("ndapewa", "198.51.100.7", device=device)
        with pytest.raises(TooManyAttempts) as refused:
            await attempts.admit("ndapewa", "198.51.100.7", device=device)
        assert refused.value.retry_after_seconds > 29 * 24 * 3600
    await attempts.forget("ndapewa", "198.51.100.7")
    await attempts.admit("ndapewa", "198.51.100.7")
    with pytest.raises(TooManyAttempts):
        await attempts.admit("ndapewa", "198.51.100.7", device="telephone")
    await attempts.unlock("ndapewa", devices=["telephone"])
    await attempts.admit("ndapewa", "198.51.100.7", device="telephone")


@pytest.mark.clause("ASVS 6.1.1")
async def test_attempts_refused_by_the_hourly_limit_do_not_count_as_guesses(redis: Redis, redis_url: str) -> None:
    hourly = RedisAttemptLimits(redis, redis_url, per_hour=2, in_a_row=4)
    for number in range(10):
        if number < 2:
            await hourly.admit("ndapewa", "198.51.100.7")
        else:
            with pytest.raises(TooManyAttempts) as refused:
                await hourly.admit("ndapewa", "198.51.100.7")
            assert refused.value.retry_after_seconds <= 3600


async def test_an_address_fails_for_all_accounts_and_successes_do_not_count(redis: Redis, redis_url: str) -> None:
    attempts = RedisAttemptLimits(redis, redis_url, per_hour=2, per_hour_of_address=3)
    for number in range(20):
        await attempts.admit(f"clerk-{number}", "198.51.100.9")
        await attempts.forget(f"clerk-{number}", "198.51.100.9")
    for _ in range(3):
        await attempts.fail("198.51.100.9")
    with pytest.raises(TooManyAttempts):
        await attempts.admit("somebody", "198.51.100.9")
    await attempts.admit("somebody", "198.51.100.10")


async def test_the_addresses_of_one_ipv6_network_are_counted_together(redis: Redis, redis_url: str) -> None:
    attempts = RedisAttemptLimits(redis, redis_url, per_hour=9, per_hour_of_address=2)
    for host in (1, 2):
        await attempts.fail(f"2001:db8:1:2::{host}")
    with pytest.raises(TooManyAttempts):
        await attempts.admit("somebody", "2001:db8:1:2:ffff::3")
    await attempts.admit("somebody", "2001:db8:1:3::3")


async def test_each_limit_comes_from_the_settings(redis: Redis, redis_url: str) -> None:
    limits: dict[str, Any] = {"login_attempts_per_hour": 3, "login_failures_per_hour_of_address": 2, "login_failures_in_a_row": 5}
    counted = counting(IdentitySettings(redis_url=SecretStr(redis_url), **limits), redis)
    for _ in range(2):
        await counted.admit("ndapewa", "198.51.100.7")
        await counted.fail("198.51.100.7")
    with pytest.raises(TooManyAttempts):
        await counted.admit("johannes", "198.51.100.7")
    await counted.admit("ndapewa", "198.51.100.8")
    with pytest.raises(TooManyAttempts) as refused:
        await counted.admit("ndapewa", "198.51.100.8")
    assert refused.value.retry_after_seconds <= 3600
    slow = counting(IdentitySettings(redis_url=SecretStr(redis_url), **{**limits, "login_attempts_per_hour": 9}), redis)
    for number in range(2):
        await slow.admit("ndapewa", f"198.51.100.{number}")
    with pytest.raises(TooManyAttempts) as refused:
        await slow.admit("ndapewa", "198.51.100.8")
    assert refused.value.retry_after_seconds > 3600


async def test_attempts_are_shared_by_processes_and_forgotten_after_a_success(redis: Redis, redis_url: str) -> None:
    here, there = (RedisAttemptLimits(redis, redis_url, per_hour=2) for _ in range(2))
    await here.admit("ndapewa", "198.51.100.7")
    await there.admit("ndapewa", "198.51.100.7")
    with pytest.raises(TooManyAttempts):
        await here.admit("ndapewa", "198.51.100.7")
    await there.forget("ndapewa", "198.51.100.7")
    await here.admit("ndapewa", "198.51.100.7")


async def test_without_redis_each_process_counts_attempts_by_itself(redis_url: str, fault_proxy: Proxies) -> None:
    proxy = await fault_proxy(*endpoint(redis_url))
    url = through(redis_url, proxy.port)
    client = redis_client(url)
    attempts = RedisAttemptLimits(client, url, per_hour=2)
    await attempts.admit("ndapewa", "198.51.100.7")
    proxy.refuse()
    for _ in range(2):
        await attempts.admit("ndapewa", "198.51.100.7")
    with pytest.raises(TooManyAttempts):
        await attempts.admit("ndapewa", "198.51.100.7")
    # A success also clears the local count.
    await attempts.forget("ndapewa", "198.51.100.7")
    for _ in range(2):
        await attempts.admit("ndapewa", "198.51.100.7")
    with pytest.raises(TooManyAttempts):
        await attempts.admit("ndapewa", "198.51.100.7")
    with pytest.raises(Unavailable):
        await attempts.unlock("ndapewa")
    await proxy.heal()
    await attempts.admit("ndapewa", "198.51.100.7")
    await client.aclose()


async def test_revocations_are_stored_with_their_time_and_trimmed(redis: Redis) -> None:
    revocations, old, new = RedisRevocations(redis), uuid4(), uuid4()
    await revocations.add(old, ended_at=ENDED - timedelta(seconds=KEPT_SECONDS + 1))
    for ended_at in (ENDED, ENDED + timedelta(seconds=3)):
        await revocations.add(new, ended_at=ended_at)
    assert await redis.zrange(ENDED_KEY, 0, -1, withscores=True) == [(str(new).encode(), ENDED.timestamp())]


async def test_without_redis_a_revocation_is_added_by_its_event(redis_url: str, fault_proxy: Proxies) -> None:
    proxy = await fault_proxy(*endpoint(redis_url))
    client = redis_client(through(redis_url, proxy.port))
    revocations, session_id = RedisRevocations(client), uuid4()
    proxy.refuse()
    await revocations.try_add(session_id, ended_at=ENDED)
    with pytest.raises(RedisError):
        await revocations.add(session_id, ended_at=ENDED)
    await proxy.heal()
    await revocations.add(session_id, ended_at=ENDED)
    assert await client.zscore(ENDED_KEY, str(session_id)) == ENDED.timestamp()
    await client.aclose()


async def test_an_ended_session_is_listed_longer_than_its_tokens_live(redis: Redis) -> None:
    """Twenty minutes; tokens live fifteen at most."""
    revocations, ended = RedisRevocations(redis), [uuid4() for _ in range(3)]
    for session_id, minutes in zip(ended, (0, 1, 20), strict=True):
        await revocations.add(session_id, ended_at=ENDED + timedelta(minutes=minutes))
    assert set(await redis.zrange(ENDED_KEY, 0, -1)) == {str(each).encode() for each in ended}
    await revocations.add(uuid4(), ended_at=ENDED + timedelta(minutes=20, seconds=1))
    assert await redis.zscore(ENDED_KEY, str(ended[0])) is None
    assert await redis.zcard(ENDED_KEY) == 3


async def test_changed_factors_are_listed_with_their_time_and_trimmed(redis: Redis) -> None:
    revocations, old, new = RedisRevocations(redis), uuid4(), uuid4()
    await revocations.change_factors(old, Factors(1, has_second=True), changed_at=ENDED - timedelta(seconds=KEPT_SECONDS + 1))
    for factors, at in ((Factors(4, has_second=True), ENDED), (Factors(5, has_second=False), ENDED + timedelta(seconds=1))):
        # Once after the commit, and again by the event.
        for _ in range(2):
            await revocations.change_factors(new, factors, changed_at=at)
    assert await redis.zrange(FACTORS_KEY, 0, -1, withscores=True) == [
        (f"{new}:4:1".encode(), ENDED.timestamp()),
        (f"{new}:5:0".encode(), ENDED.timestamp() + 1),
    ]
    assert await redis.exists(ENDED_KEY) == 0


async def test_without_redis_changed_factors_are_added_by_their_event(redis_url: str, fault_proxy: Proxies) -> None:
    proxy = await fault_proxy(*endpoint(redis_url))
    client = redis_client(through(redis_url, proxy.port))
    revocations, user_id, factors = RedisRevocations(client), uuid4(), Factors(1, has_second=True)
    proxy.refuse()
    await revocations.try_change_factors(user_id, factors, changed_at=ENDED)
    with pytest.raises(RedisError):
        await revocations.change_factors(user_id, factors, changed_at=ENDED)
    await proxy.heal()
    await revocations.change_factors(user_id, factors, changed_at=ENDED)
    assert await client.zcard(FACTORS_KEY) == 1
    await client.aclose()
