"""Event streams through the gateway: apart from requests, limited for all and for each person, and ended when it drains."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from prometheus_client import REGISTRY

from chassis.testing.running import eventually
from kernel.ids import new_id

from .answers import is_error
from .running_gateway import RunningGateway, Start
from .stub import Stub

EVENTS = "/api/v1/users/events"
FIRST = b"event: progress\ndata: {}\n\n"


def as_person(running: RunningGateway, user_id: UUID) -> dict[str, Any]:
    return {"token": False, "headers": {"Authorization": f"Bearer {running.forge.token(user_id)}"}}


@asynccontextmanager
async def following(running: RunningGateway, user_id: UUID, path: str = EVENTS) -> AsyncIterator[aiohttp.ClientResponse]:
    """Follow a stream, of which the first event has arrived."""
    async with running.request("GET", path, **as_person(running, user_id)) as response:
        assert response.status == 200
        assert await response.content.readany()
        yield response


def streams_open() -> float | None:
    return REGISTRY.get_sample_value("gateway_open_streams")


async def test_a_stream_is_no_request_in_progress(gateway: Start, stub: Stub) -> None:
    running = await gateway(in_flight_max=1)
    async with following(running, new_id()), following(running, new_id()):
        assert (streams_open(), REGISTRY.get_sample_value("gateway_in_flight")) == (2, 0)
        assert (await running.call("GET", "/api/v1/users"))[0] == 200
        slow = asyncio.create_task(running.call("GET", "/api/v1/users/slow"))
        await eventually(lambda: stub.arrived[-1].path, "/api/v1/users/slow")
        # Streams do not make place for requests either.
        assert (await running.call("GET", "/api/v1/users"))[0] == 503
        assert (await running.call("GET", EVENTS))[0] == 503
        stub.release.set()
        assert (await slow)[0] == 200
    await eventually(streams_open, 0)
    assert (await running.call("GET", "/api/v1/users"))[0] == 200


async def test_the_streams_of_a_gateway_are_limited(gateway: Start, stub: Stub) -> None:
    running = await gateway(open_streams_max=2)
    async with following(running, new_id()), following(running, new_id()):
        status, headers, body = await running.call("GET", EVENTS)
        assert (status, headers["Retry-After"]) == (503, "2")
        assert is_error(body, "SRV_002", "Too many event streams at the same time; retry later.")
        # Whatever does not stream has its places.
        assert (await running.call("GET", "/api/v1/users"))[0] == 200
        # The service need not produce what nobody gets.
        await eventually(lambda: stub.cancelled, 1)
    await eventually(streams_open, 0)
    async with following(running, new_id()):
        assert streams_open() == 1


async def test_a_person_cannot_use_the_places_of_others(gateway: Start) -> None:
    running = await gateway(person_open_streams_max=1)
    anna = new_id()
    async with following(running, anna):
        status, headers, body = await running.call("GET", EVENTS, **as_person(running, anna))
        assert (status, headers["Retry-After"]) == (429, "2")
        assert is_error(body, "RATE_001", "Too many event streams at the same time.")
        async with following(running, new_id()):
            assert streams_open() == 2
    await eventually(streams_open, 0)
    async with following(running, anna):
        assert streams_open() == 1


async def test_a_stream_without_a_token_counts_for_its_address(gateway: Start) -> None:
    running = await gateway(person_open_streams_max=1)
    async with running.request("GET", "/api/v1/auth/events", token=False) as response:
        assert await response.content.readany()
        assert (await running.call("GET", "/api/v1/auth/events", token=False))[0] == 429


async def test_a_stream_ends_with_its_service(gateway: Start, stub: Stub) -> None:
    running = await gateway()
    async with following(running, new_id()) as response:
        stub.release.set()
        assert await response.read() == b"event: end\ndata: {}\n\n"
    await eventually(streams_open, 0)


async def test_a_client_that_leaves_frees_its_place(gateway: Start, stub: Stub) -> None:
    running = await gateway()
    async with following(running, new_id()) as response:
        response.close()
    await eventually(streams_open, 0)
    await eventually(lambda: stub.cancelled, 1)


@pytest.mark.parametrize(("query", "last"), [("", b"retry: 1000\n\n"), ("?half", b"")])
async def test_a_gateway_that_drains_ends_its_streams_at_once(gateway: Start, stub: Stub, query: str, last: bytes) -> None:
    running = await gateway()
    async with following(running, new_id(), EVENTS + query) as response:
        running.application.drain()
        # The service sends nothing that would end it.
        assert await asyncio.wait_for(response.read(), 120) == last
    await eventually(streams_open, 0)
    await eventually(lambda: stub.cancelled, 1)
    # A stream that begins late ends at once too, and requests are still answered.
    assert await stream_of(running) in {b"retry: 1000\n\n", FIRST + b"retry: 1000\n\n"}
    assert (await running.call("GET", "/api/v1/users"))[0] == 200


async def stream_of(running: RunningGateway) -> bytes:
    async with running.request("GET", EVENTS) as response:
        assert response.status == 200
        return await asyncio.wait_for(response.read(), 120)
