"""Long responses through the gateway: limited for all and for each person, and given up if the client does not take them."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from multidict import CIMultiDict
from prometheus_client import REGISTRY

from chassis.testing.running import eventually
from gateway.error_responses import Refusal
from gateway.routes import Route
from gateway.upstream import Upstreams
from kernel.ids import new_id

from .answers import is_error
from .running_gateway import RunningGateway, Start
from .stub import Stub

# It goes on for as long as a client takes it.
FILE = "/api/v1/users/flood"


@asynccontextmanager
async def taking_nothing(running: RunningGateway, user_id: UUID) -> AsyncIterator[asyncio.StreamReader]:
    """Ask for a file, and read no more than the beginning of the response."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", running.port))
    reader, writer = await asyncio.open_connection(sock=connection, limit=1024)
    writer.write(f"GET {FILE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {running.forge.token(user_id)}\r\n\r\n".encode())
    try:
        assert (await reader.readexactly(12)) == b"HTTP/1.1 200"
        yield reader
    finally:
        writer.transport.abort()


def downloads_open() -> float | None:
    return REGISTRY.get_sample_value("gateway_open_downloads")


async def test_a_person_who_takes_nothing_does_not_use_up_the_connections(gateway: Start) -> None:
    """As reported: 420 readers of one customer made payments unavailable for everybody."""
    running = await gateway(person_open_downloads_max=2, body_seconds=600)
    anna, ben = new_id(), new_id()
    anna_too = {"token": False, "headers": {"Authorization": f"Bearer {running.forge.token(anna)}"}}
    async with taking_nothing(running, anna), taking_nothing(running, anna):
        assert downloads_open() == 2
        status, headers, body = await running.call("GET", FILE, **anna_too)
        assert (status, headers["Retry-After"]) == (429, "2")
        assert is_error(body, "RATE_001", "Too many downloads at the same time.")
        # Her other requests, and the downloads of others, have their places.
        assert (await running.call("GET", "/api/v1/users", **anna_too))[0] == 200
        async with taking_nothing(running, ben):
            assert downloads_open() == 3
    await eventually(downloads_open, 0)


async def test_the_downloads_of_a_gateway_are_limited(gateway: Start) -> None:
    running = await gateway(open_downloads_max=2, body_seconds=600)
    async with taking_nothing(running, new_id()), taking_nothing(running, new_id()):
        status, headers, body = await running.call("GET", FILE)
        assert (status, headers["Retry-After"]) == (503, "2")
        assert is_error(body, "SRV_002", "Too many downloads at the same time; retry later.")
        assert (await running.call("GET", "/api/v1/users"))[0] == 200
    await eventually(downloads_open, 0)


async def test_a_response_that_nobody_takes_is_given_up(gateway: Start, stub: Stub) -> None:
    running = await gateway(body_seconds=0.3, body_bytes_per_second=1 << 30)
    async with taking_nothing(running, new_id()) as reader:
        await eventually(lambda: stub.cancelled, 1)
        await eventually(downloads_open, 0)
        # The client sees that it is incomplete: the connection ends within a chunk.
        taken = await rest_of(reader)
    assert not taken.endswith(b"\r\n0\r\n\r\n")


async def test_a_response_that_is_taken_slowly_is_passed_on_to_its_end(gateway: Start, stub: Stub) -> None:
    stub.pushed_bytes = 60 * 1024 * 1024
    running = await gateway(body_seconds=600, body_seconds_max=1e-9)
    async with taking_nothing(running, new_id()) as reader:
        taken = await rest_of(reader)
    assert taken.endswith(b"\r\n0\r\n\r\n")
    assert len(taken) > 4 * 1024 * 1024


async def rest_of(reader: asyncio.StreamReader) -> bytes:
    taken = bytearray()
    try:
        while chunk := await reader.read(65_536):
            taken += chunk
            if taken.endswith(b"\r\n0\r\n\r\n"):
                break
    except ConnectionResetError:
        # The kernel discards what it has not delivered.
        return bytes(taken)
    return bytes(taken)


@pytest.mark.parametrize("length", [131_073, 140_000])
async def test_a_download_does_not_break_the_next_request_on_its_connection(stub: Stub, length: int) -> None:
    """As reported: 503 "did not respond in time" within milliseconds, for other people, ten seconds after a download."""
    route = Route("users", "identity", timeout_seconds=0.3)
    async with Upstreams.open({"identity": stub.url}, connections_max=1) as upstreams:
        download = await upstreams.send(route, "GET", f"/api/v1/users/large?bytes={length}", CIMultiDict(), None)
        # Its end arrives while the client is slow, and the client takes it then.
        await eventually(lambda: download.content.total_bytes, length)
        assert len(await download.read()) == length
        # A timer that is left from the download ends meanwhile.
        await asyncio.sleep(0.6)
        created = await upstreams.send(route, "POST", "/api/v1/users", CIMultiDict(), b"{}")
        assert (created.status, len(set(stub.ports))) == (200, 1)
        created.close()


async def test_a_silent_service_is_given_up_after_a_download_too(stub: Stub) -> None:
    route = Route("users", "identity", timeout_seconds=0.3)
    async with Upstreams.open({"identity": stub.url}, connections_max=1) as upstreams:
        download = await upstreams.send(route, "GET", "/api/v1/users/large?bytes=131073", CIMultiDict(), None)
        assert len(await download.read()) == 131_073
        with pytest.raises(Refusal) as silent:
            await upstreams.send(route, "GET", "/api/v1/users/slow", CIMultiDict(), None)
    assert silent.value.status == 503
