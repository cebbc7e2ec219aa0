"""The list of ended sessions, read as a Redis user that may do nothing but that (docs/operations.md)."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from chassis.auth.ended_sessions import ENDED_KEY, EndedSessions
from chassis.auth.revocations import Revocations
from chassis.cache import redis_client
from chassis.testing.sessions import note
from kernel.ids import new_id

OPERATIONS = Path(__file__).parents[4] / "docs" / "operations.md"


@pytest.fixture
async def reader_url(redis_url: str) -> AsyncIterator[str]:
    documented = re.search(r"^ACL SETUSER reader (on >… .+)$", OPERATIONS.read_text(), re.MULTILINE)
    assert documented
    user, parts = f"reader-{uuid4()}", urlsplit(redis_url)
    async with Redis.from_url(redis_url) as redis:
        await redis.execute_command("ACL", "SETUSER", user, *documented[1].replace("…", "word").split())
        yield urlunsplit(parts._replace(netloc=f"{user}:word@{parts.hostname}:{parts.port}"))
        await redis.execute_command("ACL", "DELUSER", user)


async def test_a_user_that_may_only_read_the_list_reads_it_and_changes_nothing(redis_url: str, reader_url: str) -> None:
    ended, revocations = new_id(), Revocations()
    await note(redis_url, ended)
    async with redis_client(reader_url) as redis:
        await redis.ping()
        await EndedSessions(redis, revocations).poll()
        assert (revocations.has_ended(ended), revocations.is_current) == (True, True)
        for forbidden in (redis.zrem(ENDED_KEY, str(ended)), redis.delete(ENDED_KEY), redis.flushdb(), redis.get("other")):
            with pytest.raises(NoPermissionError):
                await forbidden
    async with Redis.from_url(redis_url) as owner:
        assert await owner.zcard(ENDED_KEY) == 1
