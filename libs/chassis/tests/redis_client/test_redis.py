import pytest
from redis.exceptions import RedisError

from chassis.errors import as_domain_error
from chassis.redis import redis_client
from chassis.testing.running import endpoint, eventually
from kernel.errors import Kind


async def test_it_stores_and_returns_values(redis_url):
    redis = redis_client(redis_url)
    await redis.set("door", b"open", ex=10)
    assert await redis.get("door") == b"open"
    await redis.aclose()


def test_a_process_without_a_redis_url_ends_with_the_settings_name():
    with pytest.raises(ValueError, match="ELCORP_REDIS_URL is not set"):
        redis_client("")


@pytest.mark.parametrize("fault", ["refuse", "blackhole"])
async def test_a_redis_failure_is_reported_and_recovery_is_noticed(redis_url, fault_proxy, fault):
    proxy = await fault_proxy(*endpoint(redis_url))
    redis = redis_client(f"redis://127.0.0.1:{proxy.port}/0")
    assert await redis.ping()
    getattr(proxy, fault)()
    if fault == "refuse":
        proxy.cut()
    with pytest.raises(RedisError) as caught:
        await redis.get("door")
    assert as_domain_error(caught.value).kind is Kind.UNAVAILABLE
    await proxy.heal()

    async def answers() -> bool:
        try:
            return bool(await redis.ping())
        except RedisError:
            return False

    # Its timeout is short, and a busy machine may need longer.
    await eventually(answers)
    await redis.aclose()


async def test_a_failed_command_is_retried_once(redis_url, fault_proxy):
    proxy = await fault_proxy(*endpoint(redis_url))
    redis = redis_client(f"redis://127.0.0.1:{proxy.port}/0")
    proxy.hang_up()
    with pytest.raises(RedisError):
        await redis.get("door")
    # One retry on a new connection, which in turn is tried twice.
    assert 2 <= proxy.accepted <= 4
    await redis.aclose()
