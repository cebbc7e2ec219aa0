"""The fakes that other tests use behave like their adapters."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from chassis.auth.ended_sessions import ENDED_KEY, FACTORS_KEY, factors_member
from chassis.redis import redis_client
from identity.application.ports.attempts import AttemptLimits
from identity.application.ports.passwords import PasswordHasher, PasswordVerification
from identity.application.ports.revocations import Revocations
from identity.domain.errors import TooManyAttempts
from identity.infrastructure.attempt_limits import RedisAttemptLimits
from identity.infrastructure.passwords import Argon2Passwords
from identity.infrastructure.revocations import RedisRevocations
from kernel.assurance import Factors
from services.identity.tests.fakes.attempts import FakeAttempts
from services.identity.tests.fakes.passwords import FakePasswords
from services.identity.tests.fakes.revocations import FakeRevocations

IP = "198.51.100.7"
ENDED = datetime(2026, 3, 21, 8, 0, tzinfo=UTC)
LimitsOf = Callable[[int, int], AttemptLimits]


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = redis_client(redis_url)
    yield client
    await client.aclose()


@pytest.fixture(params=["fake", "redis"])
def limits_of(request: pytest.FixtureRequest, redis: Redis, redis_url: str) -> LimitsOf:
    """Limit the attempts of an account and the failures of an address."""
    if request.param == "fake":
        return lambda account, address: FakeAttempts(limit=account, limit_of_address=address)
    return lambda account, address: RedisAttemptLimits(redis, redis_url, per_hour=account, per_hour_of_address=address)


async def test_attempts_are_limited_per_account_until_a_success_or_an_unlock(limits_of: LimitsOf) -> None:
    limits = limits_of(2, 100)
    for forgive in (lambda: limits.forget("ndapewa", IP), lambda: limits.unlock("ndapewa")):
        for _ in range(2):
            await limits.admit("ndapewa", IP)
        for ip in (IP, "198.51.100.8"):
            with pytest.raises(TooManyAttempts):
                await limits.admit("ndapewa", ip)
        await limits.admit(f"johannes-{uuid4()}", IP)
        await forgive()
    await limits.admit("ndapewa", IP)


async def test_a_known_device_has_its_own_count(limits_of: LimitsOf) -> None:
    limits = limits_of(1, 1)
    await limits.admit("ndapewa", IP)
    await limits.fail(IP)
    with pytest.raises(TooManyAttempts):
        await limits.admit("johannes", IP)
    await limits.admit("ndapewa", IP, device="telephone")
    with pytest.raises(TooManyAttempts):
        await limits.admit("ndapewa", IP, device="telephone")
    await limits.unlock("ndapewa", devices=["telephone"])
    await limits.admit("ndapewa", IP, device="telephone")


@pytest.fixture(params=["fake", "redis"])
def revocations(request: pytest.FixtureRequest, redis: Redis) -> Revocations:
    return FakeRevocations() if request.param == "fake" else RedisRevocations(redis)


async def listed(revocations: Revocations, redis: Redis) -> tuple[dict[UUID, datetime], set[bytes]]:
    """Return the sessions with their end times, and the changed factors."""
    if isinstance(revocations, FakeRevocations):
        return revocations.ended, {factors_member(*each).encode() for each in revocations.factors.items()}
    ended: Any = await redis.zrange(ENDED_KEY, 0, -1, withscores=True)
    changed: Any = await redis.zrange(FACTORS_KEY, 0, -1)
    at = {UUID(session_id.decode()): datetime.fromtimestamp(score, UTC) for session_id, score in ended}
    return at, set(changed)


async def test_a_session_is_listed_with_its_first_end_time(revocations: Revocations, redis: Redis) -> None:
    first, second = uuid4(), uuid4()
    await revocations.add(first, ended_at=ENDED)
    await revocations.try_add(first, ended_at=ENDED + timedelta(seconds=3))
    await revocations.try_add(second, ended_at=ENDED + timedelta(seconds=1))
    assert await listed(revocations, redis) == ({first: ENDED, second: ENDED + timedelta(seconds=1)}, set())


async def test_changed_factors_are_listed(revocations: Revocations, redis: Redis) -> None:
    first, second = uuid4(), uuid4()
    await revocations.change_factors(first, Factors(1, has_second=True), changed_at=ENDED)
    await revocations.try_change_factors(second, Factors(2, has_second=False), changed_at=ENDED)
    assert await listed(revocations, redis) == ({}, {f"{first}:1:1".encode(), f"{second}:2:0".encode()})


@pytest.mark.parametrize("passwords", [FakePasswords(), Argon2Passwords(memory_kib=64, passes=1)], ids=["fake", "argon2"])
async def test_only_the_right_password_matches(passwords: PasswordHasher) -> None:
    stored = await passwords.hash("Oshana-Sunrise-47!")
    assert await passwords.verify(stored, "Oshana-Sunrise-47!") == PasswordVerification(matches=True)
    assert not (await passwords.verify(stored, "Oshana-Sunrise-47! ")).matches
    assert not (await passwords.verify(None, "Oshana-Sunrise-47!")).matches
