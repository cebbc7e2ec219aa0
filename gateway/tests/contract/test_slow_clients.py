"""Clients that take their time do not take a place for it: reading ends long before an idle connection would (75 s)."""

import asyncio

import pytest

from .running_gateway import Start


async def test_a_head_that_does_not_end_in_time_ends_the_connection(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    running = await gateway()
    monkeypatch.setattr("gateway.protocol.HEAD_SECONDS_MAX", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(b"GET /api/v1/users HTTP/1.1\r\nHost: x\r\n")
    async with asyncio.timeout(120):
        assert await reader.read() == b""
    writer.close()


async def test_a_connection_that_asks_nothing_is_closed(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
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
async def test_a_body_that_does_not_come_is_given_up_on(gateway: Start, monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr("gateway.exchange.BODY_SILENCE_SECONDS", 0.3)
    running = await gateway()
    answer = await running.raw(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n" + begun)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer
    assert b'"VAL_001"' in answer


async def test_a_client_that_asks_before_it_sends_is_told_to_continue(gateway: Start) -> None:
    running = await gateway()
    head = (
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
    )
    answer = await running.raw(head, b"{}")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")
    assert b"expect" not in answer.lower()


async def test_a_client_that_asks_before_it_sends_too_much_is_refused_before_it_does(gateway: Start) -> None:
    running = await gateway()
    head = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9999999\r\n\r\n"
    assert (await running.raw(head, until=b"\r\n\r\n")).startswith(b"HTTP/1.1 413 ")
