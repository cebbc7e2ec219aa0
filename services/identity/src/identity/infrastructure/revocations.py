"""Ended sessions, in Redis, for gateways that start or reconnect; those that run hear the event."""

from datetime import datetime
from typing import Final
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from chassis.telemetry import log

# A sorted set: member the session's id, score when it ended in seconds since the epoch.
KEY: Final = "elcorp:sessions:ended"
# Longer than any access token lives.
KEPT_SECONDS: Final = 20 * 60


class RedisRevocations:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def add(self, session_id: UUID, *, ended_at: datetime) -> None:
        ended = ended_at.timestamp()
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.zadd(KEY, {str(session_id): ended}, nx=True)
            pipe.zremrangebyscore(KEY, "-inf", f"({ended - KEPT_SECONDS}")
            await pipe.execute()

    async def try_add(self, session_id: UUID, *, ended_at: datetime) -> None:
        try:
            await self.add(session_id, ended_at=ended_at)
        except RedisError as error:
            # The outbox holds the event, and its consumer writes the list as soon as Redis is back.
            log.warning("revocation_left_to_the_event", problem=type(error).__name__)
