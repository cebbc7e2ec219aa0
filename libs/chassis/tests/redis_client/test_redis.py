import pytest
from redis.exceptions import RedisError

from chassis.errors import as_domain_error
from chassis.redis import redis_client
from chassis.testing.running import endpoint, eventually
from kernel.errors import Kind


async def test_it_keeps_and_gives(redis_url):
    redis = redis_client(redis_url)
    await redis.set("door", b"open", ex=10)
    assert await redis.get("door") == b"open"
    await redis.aclose()


def test_a_process_without_redis_url_ends_with_the_setting_s_name():
    with pytest.raises(ValueError, match="ELCORP_REDIS_URL is not set"):
        redis_client("")


@pytest.mark.parametrize("fault", ["refuse", "blackhole"])
async def test_redis_in_trouble_is_known_and_found_again(redis_url, fault_proxy, fault):
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

    # It is given little time, which a busy machine may need.
    await eventually(answers)
    await redis.aclose()


async def test_a_command_that_fails_is_tried_once_more_and_not_for_ever(redis_url, fault_proxy):
    proxy = await fault_proxy(*endpoint(redis_url))
    redis = redis_client(f"redis://127.0.0.1:{proxy.port}/0")
    proxy.hang_up()
    with pytest.raises(RedisError):
        await redis.get("door")
    # Once more on a connection that is new, for which it is tried once more as well.
    assert 2 <= proxy.accepted <= 4
    await redis.aclose()
