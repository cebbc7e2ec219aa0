"""What the gateway answers itself, and that nothing of it reaches a service."""

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


# Of transfers, files of payments are larger than what the rest of the API takes.
@pytest.mark.parametrize(("path", "limit"), [("users", MIB), ("payments", MIB), ("wallets", MIB), ("transfers/bulk", 8 * MIB)])
async def test_a_body_beyond_the_limit_of_its_path_is_refused(gateway: Start, stub: Stub, path: str, limit: int) -> None:
    running = await gateway(rate_limit_per_minute=10_000)
    url = f"/api/v1/{path}"
    # Until ended sessions are known, nothing that moves money passes.
    await eventually(lambda: status_of(running, url), 200)
    stub.arrived.clear()
    for body in (BytesIO(b"x" * (limit + 1)), pieces_of(limit + 1)):
        status, _, answer = await running.call("POST", url, data=body)
        assert status == 413
        assert is_error(answer, "VAL_003")
    # Of the second one its service saw the beginning.
    assert len(stub.arrived) == 1
    for body in (BytesIO(b"x" * limit), pieces_of(limit)):
        status, _, answer = await running.call("POST", url, data=body)
        assert (status, answer["bytes"]) == (200, limit)


async def test_no_path_takes_less_than_the_setting_allows(gateway: Start) -> None:
    running = await gateway(body_bytes_max=9 * MIB, rate_limit_per_minute=10_000)
    # Until ended sessions are known, nothing that moves money passes.
    await eventually(lambda: status_of(running, "/api/v1/transfers/bulk"), 200)
    for path in ("users", "transfers/bulk"):
        status, _, answer = await running.call("POST", f"/api/v1/{path}", data=BytesIO(b"x" * 9 * MIB))
        assert (status, answer["bytes"]) == (200, 9 * MIB)
        assert (await running.call("POST", f"/api/v1/{path}", data=BytesIO(b"x" * (9 * MIB + 1))))[0] == 413


async def status_of(running: RunningGateway, url: str) -> int:
    status, _, _ = await running.call("POST", url)
    return status


async def test_a_body_that_comes_at_once_without_its_length_is_held_to_the_limit(gateway: Start, stub: Stub) -> None:
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
    assert is_error(body, "SRV_002", "Too many requests at once; retry later.")
    assert len(stub.arrived) == 2
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_requests_that_were_refused_take_no_place(gateway: Start, stub: Stub) -> None:
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
    assert b'"error":"WebSockets are not offered here.","code":"VAL_001"' in answer
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


@pytest.mark.parametrize(
    "head",
    [
        b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 4, 4\r\n\r\nabcd",
        b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nabcd",
        b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        b"GET /api/v1/users HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET /api/v1/users HTTP/1.1\r\nX: a\r\n b\r\n\r\n",
        b"GET /api/v1/users HTTP/1.1\r\nX: a\x00b\r\n\r\n",
        b"GET /api/v1/users HTTP/9.1\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_what_a_smuggler_sends_is_refused_and_the_connection_ends(gateway: Start, stub: Stub, head: bytes) -> None:
    running = await gateway()
    answer = await running.raw(head + b"GET /api/v1/auth/smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 4")
    assert b'"status":"error"' in answer
    assert [request.path for request in stub.arrived if "smuggled" in request.path] == []


async def test_a_head_without_end_is_refused(gateway: Start) -> None:
    running = await gateway()
    many = b"".join(b"x-%d: y\r\n" % number for number in range(101))
    assert (await running.raw(b"GET / HTTP/1.1\r\n" + many + b"\r\n")).startswith(b"HTTP/1.1 431 ")
    assert (await running.raw(b"GET / HTTP/1.1\r\nx: ", *([b"y" * 20_000] * 3))).startswith(b"HTTP/1.1 431 ")
    assert (await running.raw(b"GET /" + b"y" * 9_000)).startswith(b"HTTP/1.1 414 ")


async def test_each_request_of_a_connection_may_have_large_headers(gateway: Start) -> None:
    running = await gateway()
    heads = [b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20_000 + b"\r\n"] * 3
    answer = await running.raw(b"\r\n".join([*heads, b""]) + heads[0] + b"Connection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 ") == 4


@pytest.mark.parametrize(
    ("version", "hosts", "status"),
    [
        ("1.1", ["localhost"], 200),
        ("1.1", ["api.elcorp.na:443"], 200),
        ("1.1", ["[2001:db8::1]:8000"], 200),
        ("1.1", ["10.0.0.1:"], 200),
        ("1.0", [], 200),
        ("1.1", [], 400),
        ("1.1", ["a", "b"], 400),
        ("1.1", ["a", "a"], 400),
        ("1.0", ["a", "b"], 400),
        ("1.1", [""], 400),
        ("1.1", ["a b/c"], 400),
        ("1.1", ["a/b"], 400),
        ("1.1", ["user@a"], 400),
        ("1.1", ["a, b"], 400),
        ("1.1", ["a:http"], 400),
        ("1.1", ["2001:db8::1"], 400),
        ("1.1", ["a%2"], 400),
    ],
)
async def test_a_request_has_one_host(gateway: Start, version: str, hosts: list[str], status: int) -> None:
    running = await gateway(wait=False)
    lines = "".join(f"Host: {host}\r\n" for host in hosts)
    answer = await running.raw(f"GET /healthz HTTP/{version}\r\n{lines}Connection: close\r\n\r\n".encode())
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


async def test_what_cannot_be_read_does_not_end_an_answer_that_has_begun(gateway: Start, stub: Stub) -> None:
    running = await gateway()
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    token = running.forge.token()
    writer.write(f"GET /api/v1/reports/flood HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    writer.write(b"no request\r\n\r\n")
    read = bytearray()
    while chunk := await reader.read(1 << 20):
        read += chunk
    assert b"HTTP/1.1" not in read
    writer.close()


async def test_a_target_that_comes_in_pieces_is_held_to_its_length(gateway: Start) -> None:
    running = await gateway()
    pieces = [b"GET /" + b"y" * 3_000, b"y" * 3_000, b"y" * 3_000]
    assert (await running.raw(*pieces)).startswith(b"HTTP/1.1 414 ")
    within = [b"GET /" + b"y" * 3_000, b"y" * 3_000, b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"]
    assert (await running.raw(*within)).startswith(b"HTTP/1.1 400 ")


async def test_pages_of_listed_origins_may_call_and_others_may_not(gateway: Start) -> None:
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
