"""Requests that the gateway refuses itself and does not forward to any service."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO

import pytest

from chassis.testing.running import eventually

from .answers import is_error
from .running_gateway import RunningGateway, Start
from .stub import Stub


async def test_a_bad_token_is_refused_before_any_service_sees_it(gateway: Start, stub: Stub) -> None:
    running = await gateway()
    status, headers, body = await running.call("GET", "/api/v1/users", token=False, headers={"Authorization": "Bearer nope"})
    assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
    assert is_error(body, "AUTH_003")
    assert headers["X-Request-Id"] == body["request_id"]
    status, headers, body = await running.call("GET", "/api/v1/users", token=False)
    assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
    assert is_error(body, "AUTH_004")
    assert stub.arrived == []
    assert (await running.call("POST", "/api/v1/auth/login", token=False))[0] == 200


async def test_an_unknown_route_is_not_found(gateway: Start, stub: Stub) -> None:
    running = await gateway()
    for path in ("/api/v1/nothing", "/api/v2/users", "/", "/favicon.ico", "/api/v1/Users"):
        status, _, body = await running.call("GET", path)
        assert status == 404, path
        assert is_error(body, "RES_001")
    assert stub.arrived == []


@pytest.mark.parametrize(
    "path", ["/api/v1/users/../wallets", "/api/v1/users/%2e%2e/wallets", "/api/v1//users", "/api/v1/users%2fx", "/..%2f"]
)
async def test_a_path_with_two_readings_is_refused(gateway: Start, stub: Stub, path: str) -> None:
    running = await gateway()
    answer = await running.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"VAL_001"' in answer
    assert stub.arrived == []


MIB = 1_048_576


def pieces_of(length: int) -> AsyncIterator[bytes]:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(length // 65_536):
            yield b"x" * 65_536
        yield b"x" * (length % 65_536)

    return pieces()


# Among transfers, bulk files may be larger than bodies in the rest of the API.
@pytest.mark.parametrize(("path", "limit"), [("users", MIB), ("payments", MIB), ("wallets", MIB), ("transfers/bulk", 8 * MIB)])
async def test_a_body_beyond_the_limit_of_its_path_is_refused(gateway: Start, stub: Stub, path: str, limit: int) -> None:
    running = await gateway(rate_limit_per_minute=10_000)
    url = f"/api/v1/{path}"
    # Until ended sessions are known, no request that moves money is forwarded.
    await eventually(lambda: status_of(running, url), 200)
    stub.arrived.clear()
    for body in (BytesIO(b"x" * (limit + 1)), pieces_of(limit + 1)):
        status, _, answer = await running.call("POST", url, data=body)
        assert status == 413
        assert is_error(answer, "VAL_003")
    # The service received the start of the second request only.
    assert len(stub.arrived) == 1
    for body in (BytesIO(b"x" * limit), pieces_of(limit)):
        status, _, answer = await running.call("POST", url, data=body)
        assert (status, answer["bytes"]) == (200, limit)


async def test_every_path_accepts_bodies_up_to_the_setting(gateway: Start) -> None:
    running = await gateway(body_bytes_max=9 * MIB, rate_limit_per_minute=10_000)
    # Until ended sessions are known, no request that moves money is forwarded.
    await eventually(lambda: status_of(running, "/api/v1/transfers/bulk"), 200)
    for path in ("users", "transfers/bulk"):
        status, _, answer = await running.call("POST", f"/api/v1/{path}", data=BytesIO(b"x" * 9 * MIB))
        assert (status, answer["bytes"]) == (200, 9 * MIB)
        assert (await running.call("POST", f"/api/v1/{path}", data=BytesIO(b"x" * (9 * MIB + 1))))[0] == 413


async def status_of(running: RunningGateway, url: str) -> int:
    status, _, _ = await running.call("POST", url)
    return status


async def test_a_chunked_body_that_arrives_at_once_is_held_to_the_limit(gateway: Start, stub: Stub) -> None:
    running = await gateway(body_bytes_max=10)
    head = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    answer = await running.raw(head + b"b\r\n01234567890\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert stub.arrived == []
    answer = await running.raw(head + b"a\r\n0123456789\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"bytes": 10,' in answer


async def test_too_many_at_once_are_refused(gateway: Start, stub: Stub) -> None:
    running = await gateway(in_flight_max=2)
    slow = [asyncio.create_task(running.call("GET", "/api/v1/users/slow")) for _ in range(2)]
    await eventually(lambda: len(stub.arrived), 2)
    status, headers, body = await running.call("GET", "/api/v1/users")
    assert (status, headers["Retry-After"]) == (503, "2")
    assert is_error(body, "SRV_002", "Too many requests at the same time; retry later.")
    assert len(stub.arrived) == 2
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_refused_requests_do_not_count_as_open(gateway: Start, stub: Stub) -> None:
    running = await gateway(in_flight_max=1)
    for method, path, token in (("GET", "/nothing", True), ("GET", "/api/v1/users", False), ("POST", "/docs", True)):
        assert (await running.call(method, path, token=token))[0] in {401, 404, 405}
    assert (await running.call("GET", "/api/v1/users"))[0] == 200
    slow = asyncio.create_task(running.call("GET", "/api/v1/users/slow"))
    await eventually(lambda: len(stub.arrived), 2)
    for _ in range(3):
        assert (await running.call("GET", "/api/v1/users"))[0] == 503
    stub.release.set()
    assert (await slow)[0] == 200
    assert (await running.call("GET", "/api/v1/users"))[0] == 200


@pytest.mark.parametrize("name", ["websocket", "WebSocket"])
async def test_websockets_are_refused_cleanly(gateway: Start, stub: Stub, name: str) -> None:
    running = await gateway()
    handshake = (
        f"GET /api/v1/users HTTP/1.1\r\nHost: x\r\nUpgrade: {name}\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    answer = await running.raw(handshake.encode(), until=b'"code":"VAL_001"')
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"error":"WebSockets are not supported.","code":"VAL_001"' in answer
    assert stub.arrived == []


async def test_an_offer_of_http2_is_ignored(gateway: Start) -> None:
    running = await gateway()
    token = running.forge.token()
    offer = (
        f"GET /api/v1/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    )
    answer = await running.raw(f"{offer}Connection: Upgrade, HTTP2-Settings\r\n\r\n".encode(), until=b'"body"')
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"h2c" not in answer


async def test_pages_of_listed_origins_may_send_requests_and_others_may_not(gateway: Start) -> None:
    running = await gateway(cors_origins=("https://app.elcorp.na",))
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    status, headers, _ = await running.call(
        "OPTIONS", "/api/v1/transfers", token=False, headers={"Origin": "https://app.elcorp.na", **asked}
    )
    assert (status, headers["Access-Control-Allow-Origin"]) == (204, "https://app.elcorp.na")
    assert "idempotency-key" in headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in headers
    for origin in ("https://evil.example", "https://app.elcorp.na.evil.example", "null"):
        status, headers, _ = await running.call("OPTIONS", "/api/v1/transfers", token=False, headers={"Origin": origin, **asked})
        assert status == 403
        assert "Access-Control-Allow-Origin" not in headers
    _, headers, _ = await running.call("GET", "/api/v1/users", headers={"Origin": "https://app.elcorp.na"})
    assert headers["Access-Control-Allow-Origin"] == "https://app.elcorp.na"
    assert headers["Vary"] == "Origin"
    _, headers, _ = await running.call("GET", "/api/v1/users", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in headers
