"""Slow clients must not block others: requests are cut off long before an idle connection would be (75 s)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chassis.testing.running import eventually
from gateway.protocol import PublicProtocol

from .answers import is_error
from .running_gateway import RunningGateway, Start
from .stub import Stub

# From documentation networks: four client addresses behind a trusted proxy.
ATTACKERS = [f"203.0.113.{number}" for number in range(4)]
VICTIM = {"X-Forwarded-For": "198.51.100.7"}
KIB, MIB = 1024, 1_048_576
# Open connections stay open, however long a busy machine takes to open them.
PATIENT: dict[str, Any] = {"body_seconds": 600, "body_seconds_max": 600}


class SlowBody:
    """A request whose body has started and does not end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.answered = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))

    @classmethod
    async def begin(cls, running: RunningGateway, address: str, *, declared: int, sent: int) -> "SlowBody":
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        head = f"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {address}\r\nContent-Length: {declared}\r\n\r\n"
        writer.write(head.encode() + b" " * sent)
        await writer.drain()
        return cls(reader, writer)

    async def close(self) -> None:
        self.answered.cancel()
        await asyncio.gather(self.answered, return_exceptions=True)
        self.writer.close()


@asynccontextmanager
async def attack(running: RunningGateway, count: int, *, declared: int, sent: int) -> AsyncIterator[list[SlowBody]]:
    """Start `count` bodies from four addresses; they stay open during the block."""
    begun = [
        await SlowBody.begin(running, ATTACKERS[number % len(ATTACKERS)], declared=declared, sent=sent) for number in range(count)
    ]
    try:
        yield begun
    finally:
        for body in begun:
            await body.close()


def open_and_refused(bodies: list[SlowBody]) -> Callable[[], tuple[int, int]]:
    """Return a function that counts the bodies that still wait, and those that were answered with 429."""

    def count() -> tuple[int, int]:
        answers = [body.answered.result() for body in bodies if body.answered.done()]
        return len(bodies) - len(answers), sum(answer.startswith(b"HTTP/1.1 429 ") for answer in answers)

    return count


async def test_slow_bodies_do_not_block_other_clients(gateway: Start, stub: Stub) -> None:
    """As reported: 220 anonymous slow bodies from four addresses held every connection to identity."""
    running = await gateway(**PATIENT)
    async with attack(running, 220, declared=KIB, sent=1) as bodies:
        await eventually(open_and_refused(bodies), (128, 92))
        # No service has received any of them.
        assert stub.arrived == []
        for _ in range(3):
            assert (await running.call("POST", "/api/v1/auth/login", token=False, headers=VICTIM, json={}))[0] == 200
        # The attacking addresses can still send requests without a body.
        assert (await running.call("GET", "/api/v1/users", headers={"X-Forwarded-For": ATTACKERS[0]}))[0] == 200
        assert open_and_refused(bodies)() == (128, 92)
        assert len(stub.arrived) == 4


async def test_larger_slow_bodies_do_not_block_other_clients(gateway: Start, stub: Stub) -> None:
    """Bodies that are forwarded while they arrive may use only a part of the connections to a service."""
    running = await gateway(
        rate_limit_per_minute=1000, upstream_connections_max=6, upstream_uploads_max=4, body_whole_bytes_max=10, **PATIENT
    )
    async with attack(running, 8, declared=KIB, sent=11) as bodies:
        await eventually(lambda: sum(body.answered.done() for body in bodies), 4)
        refused = [body.answered.result() for body in bodies if body.answered.done()]
        assert [answer.startswith(b"HTTP/1.1 503 ") for answer in refused] == [True] * 4
        await eventually(lambda: len(stub.arrived), 4)
        for _ in range(3):
            assert (await running.call("POST", "/api/v1/auth/login", token=False, headers=VICTIM, json={}))[0] == 200
        assert (await running.call("POST", "/api/v1/wallets", headers=VICTIM, data=b"x" * 100))[0] == 200
        assert sum(not body.answered.done() for body in bodies) == 4


async def test_a_slot_is_free_again_after_its_body_has_ended(gateway: Start) -> None:
    running = await gateway(open_bodies_max=1, **PATIENT)
    first = await SlowBody.begin(running, ATTACKERS[0], declared=10, sent=1)
    ours = {"X-Forwarded-For": ATTACKERS[0]}

    async def status() -> int:
        status, _, _ = await running.call("POST", "/api/v1/auth/login", token=False, headers=ours, json={})
        return status

    await eventually(status, 429)
    first.writer.write(b" " * 9)
    assert (await first.answered).startswith(b"HTTP/1.1 200 ")
    assert await status() == 200
    second = await SlowBody.begin(running, ATTACKERS[0], declared=10, sent=1)
    await eventually(status, 429)
    # A client that disconnects frees its slot too.
    await second.close()
    await eventually(status, 200)
    await first.close()


async def test_a_body_is_read_whole_before_it_is_forwarded(gateway: Start, stub: Stub) -> None:
    running = await gateway(**PATIENT)
    slow = await SlowBody.begin(running, ATTACKERS[0], declared=64 * KIB, sent=64 * KIB - 1)
    large = await SlowBody.begin(running, ATTACKERS[1], declared=64 * KIB + 2, sent=64 * KIB + 1)
    # The later one is forwarded while it arrives; the first one would have reached the service by then, too.
    await eventually(lambda: [request.headers["X-Forwarded-For"] for request in stub.arrived], [ATTACKERS[1]])
    slow.writer.write(b" ")
    assert (await slow.answered).startswith(b"HTTP/1.1 200 ")
    large.writer.write(b" ")
    assert (await large.answered).startswith(b"HTTP/1.1 200 ")
    assert [request.content_length for request in stub.arrived] == [64 * KIB + 2, 64 * KIB]
    for body in (slow, large):
        await body.close()


@pytest.mark.parametrize("whole_bytes_max", [KIB, 1], ids=["taken whole", "passed on"])
async def test_a_slow_body_is_cut_off(gateway: Start, stub: Stub, whole_bytes_max: int) -> None:
    """It is never silent for long, but would take hours."""
    running = await gateway(body_seconds=0.3, body_seconds_max=0.5, body_whole_bytes_max=whole_bytes_max)
    slow = await SlowBody.begin(running, ATTACKERS[0], declared=MIB, sent=1)

    async def drip() -> bool:
        slow.writer.write(b" ")
        return slow.answered.done()

    await eventually(drip, expected=True)
    assert (await slow.answered).startswith(b"HTTP/1.1 408 ")
    assert len(stub.arrived) == (whole_bytes_max == 1)
    await slow.close()


async def test_a_slow_file_is_passed_on_as_long_as_it_keeps_arriving(gateway: Start, stub: Stub) -> None:
    """Other bodies of its length would have no time at all."""
    running = await gateway(body_seconds=600, body_seconds_max=1e-9, body_whole_bytes_max=1)
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    token = f"Authorization: Bearer {running.forge.token()}"
    writer.write(f"POST /api/v1/transfers/bulk HTTP/1.1\r\nHost: x\r\n{token}\r\nContent-Length: 9\r\n\r\nab".encode())
    # The service has it before it is complete.
    await eventually(lambda: [request.path for request in stub.arrived], ["/api/v1/transfers/bulk"])
    writer.write(b"cdefghi")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    writer.close()


async def test_the_rest_of_a_refused_body_is_read_for_a_limited_time(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise refused slow bodies would hold their connections until they end."""
    monkeypatch.setattr("gateway.protocol.REST_SECONDS_MAX", 0.1)
    running = await gateway()
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")

    async def drip() -> bool:
        writer.write(b" ")
        # A byte that arrives after the gateway has closed the connection resets it.
        return reader.at_eof() or reader.exception() is not None

    assert (await reader.readuntil(b"AUTH_004")).startswith(b"HTTP/1.1 401 ")
    rest = asyncio.create_task(reader.read())
    await eventually(drip, expected=True)
    await asyncio.gather(rest, return_exceptions=True)
    writer.close()


async def test_a_client_that_sends_all_of_a_refused_body_keeps_its_connection(
    gateway: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await gateway()
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    refused = b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
    deadlines = []
    monkeypatch.setattr(PublicProtocol, "_hang_up", lambda _self: deadlines.append("hung up"))
    monkeypatch.setattr("gateway.protocol.REST_SECONDS_MAX", 0.0)
    for _ in range(2):
        writer.write(refused + b"abcd")
        assert (await reader.readuntil(b"AUTH_004")).startswith(b"HTTP/1.1 401 ")
        await reader.readuntil(b"}")
    assert deadlines == []
    writer.close()


async def test_too_many_bodies_get_retry_after(gateway: Start) -> None:
    running = await gateway(open_bodies_max=1, **PATIENT)
    slow = await SlowBody.begin(running, "127.0.0.1", declared=10, sent=1)

    async def status() -> int:
        status, _, _ = await running.call("POST", "/api/v1/auth/login", token=False, json={})
        return status

    await eventually(status, 429)
    _, headers, body = await running.call("POST", "/api/v1/auth/login", token=False, json={})
    assert headers["Retry-After"] == "2"
    assert is_error(body, "RATE_001", "Too many request bodies at the same time.")
    await slow.close()


async def test_a_head_that_does_not_end_in_time_ends_the_connection(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    running = await gateway()
    monkeypatch.setattr("gateway.protocol.HEAD_SECONDS_MAX", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(b"GET /api/v1/users HTTP/1.1\r\nHost: x\r\n")
    async with asyncio.timeout(120):
        assert await reader.read() == b""
    writer.close()


async def test_a_connection_without_a_request_is_closed(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    running = await gateway()
    monkeypatch.setattr("gateway.protocol.HEAD_SECONDS_MAX", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    async with asyncio.timeout(120):
        assert await reader.read() == b""
    writer.close()


async def test_a_second_head_that_does_not_end_in_time_ends_the_connection(
    gateway: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await gateway()
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await reader.readuntil(b'{"alive":true}')).startswith(b"HTTP/1.1 200 ")
    monkeypatch.setattr("gateway.protocol.HEAD_SECONDS_MAX", 0.1)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
    async with asyncio.timeout(120):
        assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize("begun", [b"", b"0123456789"])
async def test_a_body_that_does_not_arrive_is_cut_off(gateway: Start, begun: bytes) -> None:
    running = await gateway(body_seconds=0.3)
    answer = await running.raw(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n" + begun)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer
    assert b'"VAL_001"' in answer


async def test_a_client_that_expects_continue_gets_it(gateway: Start) -> None:
    running = await gateway()
    head = (
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
    )
    answer = await running.raw(head, b"{}")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")
    assert b"expect" not in answer.lower()


async def test_a_client_that_expects_continue_is_refused_before_it_sends_too_much(gateway: Start) -> None:
    running = await gateway()
    head = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9999999\r\n\r\n"
    assert (await running.raw(head, until=b"\r\n\r\n")).startswith(b"HTTP/1.1 413 ")
