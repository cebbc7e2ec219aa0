"""What is forwarded to a service, and what is returned from it."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from chassis.testing.running import eventually

from .running_gateway import Start
from .stub import FILE, Stub

TAKEN_WHOLE = 65_536


def headers_of(body: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in body["headers"]}


async def test_a_request_reaches_its_service_and_the_response_comes_back(gateway: Start, stub: Stub) -> None:
    running = await gateway()
    status, headers, body = await running.call("GET", "/api/v1/wallets/1?page=2&x=%2F")
    assert status == 200
    assert (body["method"], body["target"]) == ("GET", "/api/v1/wallets/1?page=2&x=%2F")
    assert headers["ETag"] == '"7"'
    assert [(request.method, request.raw_path) for request in stub.arrived] == [("GET", "/api/v1/wallets/1?page=2&x=%2F")]


async def test_only_forwarding_and_trace_headers_are_added_to_a_request(gateway: Start, stub: Stub) -> None:
    running = await gateway()
    token = running.forge.token()
    head = (
        f"GET /api/v1/users HTTP/1.1\r\nHost: api.elcorp.na\r\nAuthorization: Bearer {token}\r\nX-Request-Id: client-request\r\n"
    )
    assert (await running.raw(f"{head}Connection: close\r\n\r\n".encode())).startswith(b"HTTP/1.1 200 ")
    [request] = stub.arrived
    arrived = {name.decode().lower(): value.decode() for name, value in request.raw_headers}
    assert len(arrived) == len(request.raw_headers)
    assert arrived.pop("traceparent").startswith("00-")
    assert arrived == {
        "host": stub.url.removeprefix("http://"),
        "authorization": f"Bearer {token}",
        "x-request-id": "client-request",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
    }


async def test_a_redirect_is_returned_to_the_client(gateway: Start, stub: Stub) -> None:
    running = await gateway()
    status, headers, _ = await running.call("GET", "/api/v1/users/moved")
    assert (status, headers["Location"]) == (302, "/api/v1/users/elsewhere")
    assert [request.path for request in stub.arrived] == ["/api/v1/users/moved"]


async def test_a_services_cookie_is_not_sent_with_other_requests(gateway: Start, stub: Stub) -> None:
    # By host name, because the client library stores no cookies for IP addresses.
    running = await gateway(identity_url=stub.url.replace("127.0.0.1", "localhost"))
    await running.call("GET", "/api/v1/users/cookies")
    _, _, body = await running.call("GET", "/api/v1/users", headers={"Cookie": "own=1"})
    assert headers_of(body)["cookie"] == "own=1"


async def test_the_token_and_the_clients_headers_are_forwarded_and_claims_about_the_client_are_not(gateway: Start) -> None:
    running = await gateway(trusted_proxies=())
    spoofed = {"X-Elcorp-Actor": "root", "X-Forwarded-For": "1.2.3.4", "X-Real-IP": "1.2.3.4", "Forwarded": "for=1.2.3.4"}
    given = {"Idempotency-Key": "k-1", "If-Match": '"3"', "User-Agent": "app/1", "X-Forwarded-Proto": "https"}
    _, _, body = await running.call("POST", "/api/v1/users", headers={**spoofed, **given}, json={})
    seen = headers_of(body)
    assert seen["authorization"].startswith("Bearer ")
    assert (seen["idempotency-key"], seen["if-match"], seen["user-agent"]) == ("k-1", '"3"', "app/1")
    assert (seen["x-forwarded-for"], seen["x-forwarded-proto"]) == ("127.0.0.1", "http")
    assert not {"x-elcorp-actor", "x-real-ip", "forwarded"} & seen.keys()


async def test_a_token_in_the_query_is_ignored(gateway: Start, stub: Stub) -> None:
    running = await gateway()
    status, _, body = await running.call("GET", f"/api/v1/users?access_token={running.forge.token()}", token=False)
    assert (status, body["code"]) == (401, "AUTH_004")
    assert stub.arrived == []


async def test_a_trusted_proxy_states_the_clients_address(gateway: Start) -> None:
    running = await gateway()
    given = {"X-Forwarded-For": "6.6.6.6, 41.182.0.9", "X-Forwarded-Proto": "https"}
    _, _, body = await running.call("GET", "/api/v1/users", headers=given)
    assert headers_of(body)["x-forwarded-for"] == "41.182.0.9"
    assert headers_of(body)["x-forwarded-proto"] == "https"


async def test_a_valid_request_id_is_kept_and_any_other_is_replaced(gateway: Start) -> None:
    running = await gateway()
    _, headers, body = await running.call("GET", "/api/v1/users", headers={"X-Request-Id": "0f-client.request_1"})
    assert headers.getall("X-Request-Id") == ["0f-client.request_1"]
    assert headers_of(body)["x-request-id"] == "0f-client.request_1"
    for sane in ("x" * 8, "x" * 64):
        _, headers, _ = await running.call("GET", "/api/v1/users", headers={"X-Request-Id": sane})
        assert headers["X-Request-Id"] == sane
    for insane in ("x" * 7, "x" * 65, "with space", 'quo"te---'):
        _, headers, body = await running.call("GET", "/api/v1/users", headers={"X-Request-Id": insane})
        assert UUID(headers["X-Request-Id"]).version == 7
        assert headers_of(body)["x-request-id"] == headers["X-Request-Id"]


async def test_a_trace_continues_or_a_new_one_begins(gateway: Start) -> None:
    running = await gateway()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    _, _, body = await running.call("GET", "/api/v1/users", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert headers_of(body)["traceparent"].split("-")[1] == trace
    assert "00f067aa0ba902b7" not in headers_of(body)["traceparent"]
    _, _, body = await running.call("GET", "/api/v1/users", headers={"traceparent": "nonsense"})
    assert len(headers_of(body)["traceparent"]) == 55


async def test_hop_by_hop_headers_are_not_forwarded(gateway: Start) -> None:
    running = await gateway()
    hop = {"Connection": "close, X-Hop", "X-Hop": "1", "TE": "trailers", "Keep-Alive": "5", "Proxy-Authorization": "Basic x"}
    _, headers, body = await running.call("GET", "/api/v1/users", headers=hop)
    assert not {"x-hop", "te", "keep-alive", "proxy-authorization"} & headers_of(body).keys()
    assert "Keep-Alive" not in headers


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_every_method_is_forwarded(gateway: Start, method: str) -> None:
    running = await gateway()
    status, _, body = await running.call(method, "/api/v1/users/1")
    assert (status, body["method"]) == (200, method)


async def test_statuses_are_returned_unchanged(gateway: Start) -> None:
    running = await gateway()
    status, headers, body = await running.call("GET", "/api/v1/users/teapot")
    assert (status, headers["Retry-After"], body) == (418, "7", b"short and stout")
    for path, expected in (("notmodified", 304), ("empty", 204)):
        status, _, body = await running.call("GET", f"/api/v1/users/{path}")
        assert (status, body) == (expected, b"")
    async with running.request("HEAD", "/api/v1/users/1") as response:
        status, headers, body = response.status, response.headers, await response.read()
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 100


async def test_repeated_headers_of_a_response_are_all_returned(gateway: Start) -> None:
    running = await gateway()
    _, headers, _ = await running.call("GET", "/api/v1/users/cookies")
    assert headers.getall("Set-Cookie") == ["a=1", "b=2"]


async def test_compressed_bodies_are_forwarded_unchanged(gateway: Start) -> None:
    running = await gateway()
    _, headers, body = await running.call("GET", "/api/v1/users/gzip", headers={"Accept-Encoding": "gzip"})
    assert (headers["Content-Encoding"], body) == ("gzip", b"\x1f\x8b-not-opened-on-the-way")
    packed = gzip.compress(b"{}")
    _, _, body = await running.call("POST", "/api/v1/users", data=packed, headers={"Content-Encoding": "gzip"})
    assert (headers_of(body)["content-length"], body["body"]) == (str(len(packed)), "{}")


async def test_a_body_keeps_its_length_or_its_chunked_form(gateway: Start) -> None:
    running = await gateway()
    _, _, body = await running.call("POST", "/api/v1/users", data=json.dumps({"a": 1}))
    assert headers_of(body)["content-length"] == "8"

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 100_000
            await asyncio.sleep(0)

    _, _, body = await running.call("POST", "/api/v1/users", data=pieces())
    assert body["bytes"] == 300_000
    assert headers_of(body)["transfer-encoding"] == "chunked"
    _, _, body = await running.call("POST", "/api/v1/users", data=pieces(), headers={"Content-Length": "300000"})
    assert (body["bytes"], headers_of(body)["content-length"]) == (300_000, "300000")


async def test_a_response_before_the_end_of_the_body_is_returned(gateway: Start) -> None:
    running = await gateway()

    async def endless() -> AsyncIterator[bytes]:
        # Larger than bodies that are read whole before forwarding.
        yield b"x" * 70_000
        await asyncio.Event().wait()

    status, _, _ = await running.call("POST", "/api/v1/users/refuseearly", data=endless())
    assert status == 403


async def test_a_range_of_a_file_is_returned_as_the_service_sent_it(gateway: Start, stub: Stub) -> None:
    running = await gateway()
    asked = {"Range": "bytes=100-199999", "If-Range": '"d1"'}
    status, headers, body = await running.call("GET", "/api/v1/transfers/bulk/1/file", headers=asked)
    assert (status, body) == (206, FILE[100:200_000])
    assert headers["Content-Range"] == f"bytes 100-199999/{len(FILE)}"
    assert headers["Content-Disposition"] == "attachment; filename=\"_.csv\"; filename*=UTF-8''%C3%A9.csv"
    assert (headers["Cache-Control"], headers["ETag"], headers["Accept-Ranges"]) == ("private, no-store", '"d1"', "bytes")
    # In addition to the gateway's own policy.
    assert sorted(headers.getall("Content-Security-Policy"))[1] == "sandbox"
    assert stub.arrived[0].headers["If-Range"] == '"d1"'


async def stalled(count: Callable[[], int]) -> None:
    """Wait until the count has started to grow and has stopped growing."""
    await eventually(lambda: count() > 0)
    unchanged, before = 0, count()
    while unchanged < 15:
        await asyncio.sleep(0.02)
        unchanged = unchanged + 1 if count() == before else 0
        before = count()


async def test_a_large_response_waits_for_its_reader(gateway: Start, stub: Stub) -> None:
    running = await gateway()
    async with running.request("GET", "/api/v1/reports/flood") as response:
        await stalled(lambda: stub.pushed_bytes)
        assert stub.pushed_bytes < 24 * 1024 * 1024  # the size of socket buffers and windows
        read = 0
        async for chunk in response.content.iter_any():
            read += len(chunk)
    assert read == 64 * 1024 * 1024


async def test_a_large_request_waits_for_its_reader(gateway: Start, stub: Stub) -> None:
    running = await gateway(body_bytes_max=1 << 30)
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1024):
            yield b"x" * 65_536
            sent += 65_536

    call = asyncio.create_task(running.call("POST", "/api/v1/reports/swallow", data=pieces()))
    await stalled(lambda: sent)
    assert sent < 24 * 1024 * 1024
    stub.release.set()
    status, _, body = await call
    assert (status, body["bytes"]) == (200, 64 * 1024 * 1024)


async def test_the_services_work_is_cancelled_when_the_client_disconnects(gateway: Start, stub: Stub) -> None:
    running = await gateway()
    call = asyncio.create_task(running.call("GET", "/api/v1/users/slow"))
    await eventually(lambda: len(stub.arrived), 1)
    assert stub.cancelled == 0
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await eventually(lambda: stub.cancelled, 1)
    assert (await running.call("GET", "/api/v1/users/1"))[0] == 200


@pytest.mark.parametrize("sent", [0, 10, 70_000], ids=["before its body", "within its body", "while it is forwarded"])
async def test_a_client_that_disconnects_before_its_body_ends_is_logged_as_gone(gateway: Start, stub: Stub, sent: int) -> None:
    running = await gateway()
    with capture_logs() as lines:
        _, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"POST /api/v1/auth/swallow HTTP/1.1\r\nHost: x\r\nContent-Length: 80000\r\n\r\n" + b"x" * sent)
        await writer.drain()
        passed_on = sent > TAKEN_WHOLE
        if passed_on:
            await eventually(lambda: len(stub.arrived), 1)
        writer.close()
        await eventually(lambda: [line["event"] for line in lines].count("request"), 1)
    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["name"], line["status"], line["outcome"]) == ("POST /auth", 499, "REQ_GONE")
    # The service does not have to wait for the rest.
    await eventually(lambda: stub.cancelled, 1 if passed_on else 0)
    assert (await running.call("GET", "/api/v1/users/1"))[0] == 200


async def test_a_client_that_disconnects_before_its_response_is_logged_as_gone(gateway: Start, stub: Stub) -> None:
    running = await gateway()
    with capture_logs() as lines:
        _, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET /api/v1/auth/slow HTTP/1.1\r\nHost: x\r\n\r\n")
        await eventually(lambda: len(stub.arrived), 1)
        writer.close()
        await eventually(lambda: [line["event"] for line in lines].count("request"), 1)
    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["name"], line["status"], line["outcome"]) == ("GET /auth", 499, "REQ_GONE")
