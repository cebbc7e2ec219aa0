"""An invalid token must not break requests that need none, above all a new sign-in and a refresh."""

from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from chassis.auth.ended_sessions import ENDED_KEY
from chassis.testing.running import eventually
from chassis.testing.tokens import TokenForge

from .answers import is_error
from .running_gateway import AWAY, RunningGateway, Start
from .stub import Stub


def authorization_seen(body: dict[str, Any]) -> list[str]:
    return [value for name, value in body["headers"] if name.lower() == "authorization"]


@pytest.mark.parametrize("path", ["/auth/refresh", "/auth/login", "/audit/key", "/erasures/receipt-keys", "/access/reviews/keys"])
async def test_the_service_decides_about_a_bad_token_if_some_operations_need_none(gateway: Start, path: str) -> None:
    running = await gateway()
    for value in (
        f"Bearer {running.forge.token(life_seconds=-1)}",
        f"Bearer {TokenForge().token()}",
        "Bearer rubbish",
        "Basic dXNlcjpwYXNz",
    ):
        status, _, body = await running.call(
            "POST", f"/api/v1{path}", token=False, headers={"Authorization": value}, json={"refresh_token": "good"}
        )
        assert (status, body["body"]) == (200, '{"refresh_token": "good"}')
        # Forwarded unchanged: if the operation requires a token, the service says what is wrong with this one.
        assert authorization_seen(body) == [value]


async def test_a_token_of_an_ended_session_is_not_forwarded(gateway: Start, redis_url: str) -> None:
    running, session = await gateway(), uuid4()
    headers = running.forge.headers(session_id=session)

    async def seen() -> list[str]:
        _, _, body = await running.call("POST", "/api/v1/auth/refresh", token=False, headers=headers)
        return authorization_seen(body)

    assert await seen() == [headers["Authorization"]]
    async with Redis.from_url(redis_url) as redis:
        await redis.zadd(ENDED_KEY, {str(session): running.forge.clock.now().timestamp()})
    # An invalid token replaces it: if the operation requires a token, the service answers AUTH_003.
    await eventually(seen, ["Bearer ended"])


async def test_without_signing_keys_requests_that_need_no_token_are_forwarded(gateway: Start) -> None:
    running = await gateway(jwks_url=f"{AWAY}/jwks.json", wait=False)
    assert await status_of(running, "/api/v1/auth/refresh") == 200
    assert await status_of(running, "/api/v1/users") == 503


async def test_two_authorizations_are_refused_everywhere(gateway: Start, stub: Stub) -> None:
    running = await gateway()
    line = f"Authorization: Bearer {running.forge.token()}\r\n"
    for path in ("/api/v1/users", "/api/v1/auth/refresh"):
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{line}{line}\r\n"
        answer = await running.raw(head.encode())
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"Send only one Authorization header." in answer
    assert stub.arrived == []
    _, _, body = await running.call("GET", "/api/v1/users", token=False)
    assert is_error(body, "AUTH_004")


async def status_of(running: RunningGateway, path: str) -> int:
    status, _, _ = await running.call("POST", path)
    return status
