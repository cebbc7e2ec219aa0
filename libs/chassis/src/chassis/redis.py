"""Redis: rate limits, ended sessions, and other data that may be lost."""

from collections.abc import Mapping

from redis.asyncio import BlockingConnectionPool, Redis, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff

from chassis.verified_urls import trusting

CONNECTIONS_MAX = 50
# A healthy Redis answers in under a millisecond; a request must not wait for one in trouble.
TIMEOUT_SECONDS = 0.5
RETRIES = 1


def redis_client(url: str) -> Redis:
    """Make a client. It connects at the first command.

    A failed command raises redis.exceptions.ConnectionError or TimeoutError (subclasses of RedisError) within about a second;
    callers decide whether to continue or refuse. Raises ValueError for an empty URL.
    """
    if not url:
        raise ValueError("ELCORP_REDIS_URL is not set")
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
    if "ssl_ca_certs" in pool.connection_kwargs:
        pool.connection_class = _VerifiedConnection
    return Redis.from_pool(pool)


class _VerifiedConnection(SSLConnection):
    """Trusts only the URL's authority, as read from its file when the connection opens."""

    def _connection_arguments(self) -> Mapping[str, object]:
        # redis-py's context also trusts the system's authorities, and the pool caches it: after a replacement of the authority,
        # the pool could not open connections.
        return {"host": self.host, "port": self.port, "ssl": trusting(str(self.ca_certs))}
