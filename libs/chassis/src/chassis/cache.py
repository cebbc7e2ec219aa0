"""Redis: rate limits, revocations, and what may be lost."""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff

CONNECTIONS_MAX = 50
# Redis answers in under a millisecond or is in trouble; a request must not wait to find out.
TIMEOUT_SECONDS = 0.5
RETRIES = 1


def redis_client(url: str) -> Redis:
    """Make a client; nothing connects before the first command.

    A command that cannot be answered raises redis.exceptions.ConnectionError or TimeoutError (a subclass of RedisError)
    within about a second; whoever asks decides whether that means go on or refuse.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS_MAX,
        timeout=TIMEOUT_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        health_check_interval=15,
        retry=Retry(ExponentialWithJitterBackoff(base=0.02, cap=0.1), RETRIES),
        client_name="elcorp",
    )
    return Redis.from_pool(pool)
