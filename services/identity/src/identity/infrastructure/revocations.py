"""Ended sessions and changed factors in Redis, for processes that start or reconnect. Running processes get the events."""

from datetime import datetime
from typing import Final
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from chassis.auth.ended_sessions import ENDED_KEY, FACTORS_KEY, factors_member
from chassis.telemetry import log
from kernel.assurance import Factors

# Longer than the life of any access token.
KEPT_SECONDS: Final = 20 * 60


class RedisRevocations:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def add(self, session_id: UUID, *, ended_at: datetime) -> None:
        await self._add(ENDED_KEY, str(session_id), ended_at)

    async def try_add(self, session_id: UUID, *, ended_at: datetime) -> None:
        await self._try_add(ENDED_KEY, str(session_id), ended_at)

    async def change_factors(self, user_id: UUID, factors: Factors, *, changed_at: datetime) -> None:
        await self._add(FACTORS_KEY, factors_member(user_id, factors), changed_at)

    async def try_change_factors(self, user_id: UUID, factors: Factors, *, changed_at: datetime) -> None:
        await self._try_add(FACTORS_KEY, factors_member(user_id, factors), changed_at)

    async def _add(self, key: str, member: str, at: datetime) -> None:
        """Add to a set sorted by time, in seconds since the epoch, and drop what is older than any access token."""
        score = at.timestamp()
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.zadd(key, {member: score}, nx=True)
            pipe.zremrangebyscore(key, "-inf", f"({score - KEPT_SECONDS}")
            await pipe.execute()

    async def _try_add(self, key: str, member: str, at: datetime) -> None:
        try:
            await self._add(key, member, at)
        except RedisError as error:
            # The outbox has the event, whose consumer writes the list once Redis is back.
            log.warning("revocation_left_to_the_event", problem=type(error).__name__)
