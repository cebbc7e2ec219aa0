"""Who is counted how: callers without a valid token by address, users by their id, pages not at all."""

from functools import partial
from uuid import UUID, uuid4

import pytest
from multidict import CIMultiDictProxy
from redis.asyncio import Redis

from chassis.auth.ended_sessions import ENDED_KEY
from chassis.testing.running import eventually
from chassis.testing.tokens import TokenForge

from .answers import is_error
from .running_gateway import RunningGateway, Start
from .stub import Stub

HOME, OFFICE = {"X-Forwarded-For": "41.182.0.9"}, {"X-Forwarded-For": "41.182.0.10"}


def limit_headers(headers: CIMultiDictProxy[str]) -> tuple[str | None, str | None]:
    return headers.get("RateLimit-Limit"), headers.get("RateLimit-Remaining")


async def as_person(running: RunningGateway, person: UUID, **more: str) -> tuple[int, str | None, str | None]:
    """Send a request with a new token of the user; return the status and the headers of the limit."""
    headers = {**running.forge.headers(person), **more}
    status, answered, _ = await running.call("GET", "/api/v1/users", token=False, headers=headers)
    return status, *limit_headers(answered)


async def test_callers_without_a_token_are_counted_by_address(gateway: Start, stub: Stub) -> None:
    running = await gateway(rate_limit_per_minute=3)
    for remaining in ("2", "1", "0"):
        status, headers, _ = await running.call("POST", "/api/v1/auth/login", token=False, headers=HOME)
        assert (status, limit_headers(headers)) == (200, ("3", remaining))
    status, headers, body = await running.call("POST", "/api/v1/auth/login", token=False, headers=HOME)
    assert (status, limit_headers(headers)) == (429, ("3", "0"))
    assert is_error(body, "RATE_001")
    assert 30 <= int(headers["Retry-After"]) <= 61
    assert headers["RateLimit-Reset"] == headers["Retry-After"]
    assert len(stub.arrived) == 3
    assert (await running.call("GET", "/healthz", token=False, headers=HOME))[0] == 200
    assert (await running.call("POST", "/api/v1/auth/login", token=False, headers=OFFICE))[0] == 200


async def test_each_user_is_counted_separately_from_any_address(gateway: Start) -> None:
    running = await gateway(rate_limit_per_minute=1, person_rate_limit_per_minute=3)
    first, second = uuid4(), uuid4()
    # Tokens of several sessions and from several addresses count for one user; the address that they share is not counted.
    assert await as_person(running, first, **HOME) == (200, "3", "2")
    assert await as_person(running, first, **OFFICE) == (200, "3", "1")
    assert await as_person(running, first, **HOME) == (200, "3", "0")
    assert await as_person(running, first, **OFFICE) == (429, "3", "0")
    assert await as_person(running, second, **HOME) == (200, "3", "2")
    # Users' requests do not count against the limit for callers without a token at their address.
    status, headers, _ = await running.call("POST", "/api/v1/auth/login", token=False, headers=HOME)
    assert (status, limit_headers(headers)) == (200, ("1", "0"))
    assert await as_person(running, second, **HOME) == (200, "3", "1")


async def test_a_token_of_an_ended_session_counts_for_the_address(gateway: Start, redis_url: str) -> None:
    running, session = await gateway(), uuid4()
    tokens = [
        "Bearer rubbish",
        f"Bearer {running.forge.token(life_seconds=-1)}",
        f"Bearer {TokenForge().token()}",
        f"Bearer {running.forge.token(session_id=session)}",
    ]
    async with Redis.from_url(redis_url) as redis:
        await redis.zadd(ENDED_KEY, {str(session): running.forge.clock.now().timestamp()})

    async def answer(token: str) -> tuple[int, str | None]:
        status, headers, _ = await running.call("GET", "/api/v1/users", token=False, headers={"Authorization": token, **HOME})
        return status, limit_headers(headers)[0]

    for token in tokens:
        await eventually(partial(answer, token), (401, "100"))


async def test_the_number_of_bad_tokens_that_are_verified_is_limited(gateway: Start, stub: Stub) -> None:
    running = await gateway(rate_limit_per_minute=3)
    person = running.forge.headers()
    assert (await running.call("GET", "/api/v1/users", token=False, headers={**person, **HOME}))[0] == 200
    for status in (401, 401, 401, 429, 429):
        forged = {"Authorization": f"Bearer {TokenForge().token(header={'kid': running.forge.kid})}", **HOME}
        assert (await running.call("GET", "/api/v1/users", token=False, headers=forged))[0] == status
    status, headers, body = await running.call("GET", "/api/v1/users", headers=HOME)
    assert (status, limit_headers(headers)) == (429, ("3", "0"))
    assert is_error(body, "RATE_001")
    # Tokens that were verified before still work, and so do new ones from other addresses.
    assert (await running.call("GET", "/api/v1/users", token=False, headers={**person, **HOME}))[0] == 200
    assert (await running.call("GET", "/api/v1/users", headers=OFFICE))[0] == 200
    assert len(stub.arrived) == 3


@pytest.mark.parametrize("page", ["/docs", "/docs/swagger-ui.css", "/openapi.json", "/reset-password"])
async def test_pages_are_not_counted(gateway: Start, stub: Stub, page: str) -> None:
    stub.documents["/openapi.json"] = {"openapi": "3.1.0", "paths": {}}
    running = await gateway(rate_limit_per_minute=1)
    for _ in range(3):
        status, headers, _ = await running.call("GET", page, token=False)
        assert (status, limit_headers(headers)) == (200, (None, None))
    status, headers, _ = await running.call("POST", page, token=False)
    assert (status, limit_headers(headers)) == (405, ("1", "0"))
    assert (await running.call("GET", "/no-page", token=False))[0] == 429
