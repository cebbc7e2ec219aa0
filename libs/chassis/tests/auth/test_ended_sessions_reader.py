"""A Redis user with read-only rights (docs/operations.md) can read the lists of ended sessions and changed factors only."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from chassis.auth.ended_sessions import ENDED_KEY, FACTORS_KEY, EndedSessions
from chassis.auth.revocations import Revocations
from chassis.redis import redis_client
from chassis.testing.sessions import note, note_factors
from kernel.assurance import Factors
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


async def test_a_user_that_may_only_read_the_lists_reads_them_and_changes_nothing(redis_url: str, reader_url: str) -> None:
    ended, user, revocations, factors = new_id(), new_id(), Revocations(), Factors(3, has_second=False)
    await note(redis_url, ended)
    await note_factors(redis_url, user, factors)
    async with redis_client(reader_url) as redis:
        await redis.ping()
        await EndedSessions(redis, revocations).poll()
        assert (revocations.has_ended(ended), revocations.is_current) == (True, True)
        assert revocations.outdating(str(user), 2) == factors
        of_lists = [command for key in (ENDED_KEY, FACTORS_KEY) for command in (("ZREM", key, "word"), ("DEL", key))]
        for command in [*of_lists, ("FLUSHDB",), ("GET", "other"), ("ZREVRANGEBYSCORE", "other", "1", "0")]:
            with pytest.raises(NoPermissionError):
                await redis.execute_command(*command)
    async with Redis.from_url(redis_url) as owner:
        assert [await owner.zcard(key) for key in (ENDED_KEY, FACTORS_KEY)] == [1, 1]
