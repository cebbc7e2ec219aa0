"""Several gateways share their rate limits."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from chassis.testing.running import eventually
from gateway.rate_limits import STEPS, RateLimits
from gateway.shared_rate_limits import KEY_PREFIX, WINDOWS_PER_CALL, SharedRateLimits


class Time:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest_asyncio.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


def used(rates: RateLimits, count: int) -> int:
    return sum(rates.admit("a").allowed for _ in range(count))


async def test_requests_accepted_by_one_gateway_count_at_the_other(redis: Redis) -> None:
    clock = Time()
    first, second = RateLimits(10, now=clock), RateLimits(10, now=clock)
    exchanges = [SharedRateLimits(redis, rates, now=clock) for rates in (first, second)]
    assert used(first, 4) == 4
    await exchanges[0].sync()
    assert used(second, 1) == 1
    await exchanges[1].sync()
    assert used(second, 20) == 5
    assert not second.admit("a").allowed
    await exchanges[1].sync()
    first.admit("a")
    await exchanges[0].sync()
    assert not first.admit("a").allowed


async def test_the_shared_window_moves_on_too(redis: Redis) -> None:
    clock = Time()
    first, second = RateLimits(5, now=clock), RateLimits(5, now=clock)
    exchanges = [SharedRateLimits(redis, rates, now=clock) for rates in (first, second)]
    assert used(first, 5) == 5
    await exchanges[0].sync()
    second.admit("a")
    await exchanges[1].sync()
    verdict = second.admit("a")
    assert (verdict.allowed, verdict.reset_seconds) == (False, STEPS)
    clock.now += STEPS
    assert used(second, 9) == 5


async def test_counts_are_restored_after_a_restart(redis: Redis) -> None:
    clock = Time()
    before = RateLimits(5, now=clock)
    used(before, 5)
    await SharedRateLimits(redis, before, now=clock).sync()
    after = RateLimits(5, now=clock)
    after.admit("a")
    await SharedRateLimits(redis, after, now=clock).sync()
    assert not after.admit("a").allowed


async def test_an_address_uses_little_memory_and_only_for_a_minute(redis: Redis) -> None:
    clock = Time()
    rates = RateLimits(1_000_000, now=clock)
    shared = SharedRateLimits(redis, rates, now=clock)
    for _ in range(200):
        used(rates, 50)
        await shared.sync()
        clock.now += 1
    assert await redis.hlen(f"{KEY_PREFIX}a") <= STEPS
    assert 0 < await redis.ttl(f"{KEY_PREFIX}a") <= STEPS + 1
    assert rates.windows["a"].own == 50 * STEPS


async def test_a_user_and_an_address_with_one_name_do_not_share_a_count(redis: Redis) -> None:
    clock = Time()
    first = RateLimits(5, now=clock), RateLimits(5, name="person:", now=clock)
    assert used(first[1], 5) == 5
    await SharedRateLimits(redis, *first, now=clock).sync()
    second = RateLimits(5, now=clock), RateLimits(5, name="person:", now=clock)
    for rates in second:
        rates.admit("a")
    await SharedRateLimits(redis, *second, now=clock).sync()
    assert [rates.admit("a").allowed for rates in second] == [True, False]
    assert sorted(await redis.keys(f"{KEY_PREFIX}*")) == [f"{KEY_PREFIX}a".encode(), f"{KEY_PREFIX}person:a".encode()]


async def test_many_addresses_are_synced_at_once(redis: Redis) -> None:
    rates = RateLimits(100)
    for number in range(5000):
        rates.admit(f"10.0.{number >> 8}.{number & 255}")
    await SharedRateLimits(redis, rates).sync()
    assert not rates.asked
    assert await redis.hlen(f"{KEY_PREFIX}10.0.3.7") == 1


async def test_without_redis_each_gateway_limits_by_itself() -> None:
    nowhere = Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    rates = RateLimits(3)
    assert used(rates, 5) == 3
    await SharedRateLimits(nowhere, rates).sync()
    assert used(rates, 5) == 0
    await nowhere.aclose()


async def test_counts_that_could_not_be_sent_are_dropped_and_keep_no_address_in_memory(redis: Redis) -> None:
    nowhere = Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    clock = Time()
    rates, others = RateLimits(10, now=clock), RateLimits(10, now=clock)
    # More addresses than one call sends: the first call fails, and counts beyond it must not wait either.
    addresses = [f"host-{number}" for number in range(WINDOWS_PER_CALL + 1)]
    for address in addresses * 7:
        rates.admit(address)
    await SharedRateLimits(nowhere, rates, now=clock).sync()
    await nowhere.aclose()
    for address in addresses:
        rates.admit(address)
    await SharedRateLimits(redis, rates, now=clock).sync()
    counted = [await redis.hvals(f"{KEY_PREFIX}{address}") for address in addresses]
    assert counted == [[b"1"]] * len(addresses)
    others.admit(addresses[0])
    await SharedRateLimits(redis, others, now=clock).sync()
    assert [others.admit(addresses[0]).allowed for _ in range(10)] == [True] * 8 + [False] * 2
    clock.now += STEPS
    rates.forget_idle()
    assert not rates.windows


async def test_idle_addresses_are_forgotten_while_it_runs(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.shared_rate_limits.FORGET_SECONDS", 0)
    clock, stop = Time(), asyncio.Event()
    rates = RateLimits(5, now=clock)
    task = asyncio.create_task(SharedRateLimits(redis, rates, now=clock).run(stop))
    rates.admit("a")
    await eventually(lambda: bool(rates.windows["a"].unsent), expected=False)
    assert set(rates.windows) == {"a"}
    clock.now += STEPS
    await eventually(lambda: set(rates.windows), set())
    stop.set()
    await asyncio.wait_for(task, 20)


async def test_it_runs_until_asked_to_stop(redis: Redis) -> None:
    rates, stop = RateLimits(5), asyncio.Event()
    task = asyncio.create_task(SharedRateLimits(redis, rates).run(stop))
    rates.admit("a")
    await eventually(lambda: redis.exists(f"{KEY_PREFIX}a"), 1)
    stop.set()
    await asyncio.wait_for(task, 120)
