"""Invalid or ambiguous HTTP/1.1 requests are refused, and their responses are never mixed up with others."""

import asyncio

import pytest

from .running_gateway import Start
from .stub import Stub


@pytest.mark.parametrize(
    "head",
    [
        b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 4, 4\r\n\r\nabcd",
        b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nabcd",
        b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /api/v1/users#/../auth HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /docs?x#y HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/v1/users HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET /api/v1/users HTTP/1.1\r\nX: a\r\n b\r\n\r\n",
        b"GET /api/v1/users HTTP/1.1\r\nX: a\x00b\r\n\r\n",
        b"GET /api/v1/users HTTP/9.1\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
@pytest.mark.clause("RFC 9112 6.1")
async def test_request_smuggling_is_refused_and_the_connection_ends(gateway: Start, stub: Stub, head: bytes) -> None:
    running = await gateway()
    answer = await running.raw(head + b"GET /api/v1/auth/smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 4")
    assert b'"status":"error"' in answer
    assert [request.path for request in stub.arrived if "smuggled" in request.path] == []


async def test_an_endless_head_is_refused(gateway: Start) -> None:
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
@pytest.mark.clause("RFC 9112 3.2")
async def test_a_request_must_have_exactly_one_host(gateway: Start, version: str, hosts: list[str], status: int) -> None:
    running = await gateway(wait=False)
    lines = "".join(f"Host: {host}\r\n" for host in hosts)
    answer = await running.raw(f"GET /healthz HTTP/{version}\r\n{lines}Connection: close\r\n\r\n".encode())
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


async def test_an_unreadable_request_does_not_end_a_response_that_has_begun(gateway: Start, stub: Stub) -> None:
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


def head(method: str, path: str, *lines: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *lines, "", ""]).encode()


@pytest.mark.parametrize(
    "unreadable",
    [b"no request\r\n\r\n", head("GET", "/healthz", "Host: y"), head("GET", "/healthz", *["x: y"] * 101)],
    ids=["no request", "two hosts", "too many headers"],
)
@pytest.mark.clause("RFC 9112 9.3")
async def test_an_unreadable_request_is_not_answered_in_place_of_the_one_before(
    gateway: Start, stub: Stub, unreadable: bytes
) -> None:
    running = await gateway()
    authorization = f"Authorization: Bearer {running.forge.token()}"
    whole = head("POST", "/api/v1/users", authorization, "Content-Length: 2") + b"{}"
    # Together, so that none has been answered when the last is read.
    for count in (1, 2):
        stub.arrived.clear()
        answer = await running.raw(whole * count + unreadable)
        assert [request.path for request in stub.arrived] == ["/api/v1/users"] * count
        assert (answer.count(b"HTTP/1.1 200 "), answer.count(b"HTTP/1.1 ")) == (count, count)
        assert answer.lower().count(b"connection: close") == 1


async def test_an_unreadable_body_does_not_get_the_response_of_the_request_before(gateway: Start, stub: Stub) -> None:
    running = await gateway()
    authorization = f"Authorization: Bearer {running.forge.token()}"
    whole = head("POST", "/api/v1/users", authorization, "Content-Length: 2") + b"{}"
    broken = head("POST", "/api/v1/users", authorization, "Transfer-Encoding: chunked") + b"zz\r\n"
    assert await running.raw(whole + broken) == b""
    assert (await running.raw(broken)).startswith(b"HTTP/1.1 400 ")


async def test_a_target_that_arrives_in_pieces_is_held_to_its_length(gateway: Start) -> None:
    running = await gateway()
    pieces = [b"GET /" + b"y" * 3_000, b"y" * 3_000, b"y" * 3_000]
    assert (await running.raw(*pieces)).startswith(b"HTTP/1.1 414 ")
    within = [b"GET /" + b"y" * 3_000, b"y" * 3_000, b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"]
    assert (await running.raw(*within)).startswith(b"HTTP/1.1 400 ")
