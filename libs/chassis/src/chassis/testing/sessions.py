"""Ended sessions, for tests of a service without a gateway."""

import time
from contextlib import AbstractAsyncContextManager
from uuid import UUID

import httpx
import pytest
from redis.asyncio import Redis

from chassis.auth.ended_sessions import ENDED_KEY, FACTORS_KEY, factors_member
from chassis.auth.revocations import Revocations
from chassis.run.service import Serving
from chassis.testing.events import announce
from chassis.testing.running import eventually, running
from chassis.testing.tokens import TokenForge
from elcorp.identity.v1.events_pb2 import SessionEnded
from kernel.assurance import Factors
from kernel.ids import new_id

UNAUTHENTICATED = 401


def none_ended() -> Revocations:
    """Return an empty list of ended sessions that stays current during a test."""
    revocations = Revocations(elapsed=lambda: 0.0)
    revocations.confirm()
    return revocations


async def note(redis_url: str, session_id: UUID) -> None:
    """Add a session to the shared list, as identity does when the session ends."""
    async with Redis.from_url(redis_url) as redis:
        await redis.zadd(ENDED_KEY, {str(session_id): time.time()})


async def note_factors(redis_url: str, user_id: UUID, factors: Factors) -> None:
    """Add an entry to the shared list, as identity does when a user's factors change."""
    async with Redis.from_url(redis_url) as redis:
        await redis.zadd(FACTORS_KEY, {factors_member(user_id, factors): time.time()})


async def check_that_ended_sessions_are_refused(
    serving: AbstractAsyncContextManager[Serving],
    path: str,
    *,
    monkeypatch: pytest.MonkeyPatch,
    broker_url: str,
    redis_url: str,
) -> None:
    """End one session only by the event and one only by the list; raises AssertionError unless `path` refuses just these."""
    monkeypatch.setattr("chassis.auth.ended_sessions.POLL_SECONDS", 0.05)
    forge = TokenForge()
    monkeypatch.setattr("chassis.run.resources.TokenVerifier", lambda *_arguments, **_options: forge.verifier())
    sessions = announced, noted, _lasting = new_id(), new_id(), new_id()
    tokens = [forge.headers(session_id=session) for session in sessions]

    async with serving as parts, running(*parts.background):
        transport = httpx.ASGITransport(parts.rest, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:

            async def refused() -> list[bool]:
                answers = [await client.get(path, headers=headers) for headers in tokens]
                return [answer.status_code == UNAUTHENTICATED for answer in answers]

            async def connected() -> bool:
                checks = await parts.readiness.check()
                return checks["broker"] is None and checks["redis"] is None

            await eventually(connected)
            await eventually(refused, [False, False, False])
            await announce(broker_url, SessionEnded(session_id=str(announced)))
            await eventually(refused, [True, False, False])
            await note(redis_url, noted)
            await eventually(refused, [True, True, False])
