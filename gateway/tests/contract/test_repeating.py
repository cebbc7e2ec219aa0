"""Which requests the gateway repeats to a service, and which never: a write may have succeeded without a response."""

import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDict

from chassis.testing.running import endpoint
from gateway.error_responses import Refusal
from gateway.routes import Route
from gateway.upstream import Upstreams

from .answers import is_error
from .running_gateway import Start, StartProxy, be_quick
from .stub import Stub

WRITES = ["POST", "PUT", "PATCH", "DELETE"]
USERS = Route("users", "identity")
GONE = "The service closed the connection before it responded; the outcome is unknown."
SILENT = "The service did not respond in time; the outcome is unknown."


class Names(AbstractResolver):
    """Fails to resolve any name at the first attempt."""

    def __init__(self) -> None:
        self.asked = 0

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        self.asked += 1
        if self.asked == 1:
            raise OSError("no such name")
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)]

    async def close(self) -> None:
        pass


@pytest.fixture
def names() -> Names:
    return Names()


@pytest_asyncio.fixture
async def upstreams(stub: Stub, names: Names) -> AsyncIterator[Upstreams]:
    _, port = endpoint(stub.url)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=names)) as session:
        yield Upstreams(session, {"identity": f"http://identity.test:{port}"})


def asked(stub: Stub) -> list[tuple[str, str]]:
    return [(request.method, request.path) for request in stub.arrived]


@pytest.mark.parametrize("method", WRITES)
async def test_a_write_is_sent_once_if_the_service_disconnects(gateway: Start, stub: Stub, method: str) -> None:
    running = await gateway()
    # The next request uses a pooled connection: on a new one the client library repeats nothing by itself.
    assert (await running.call("GET", "/api/v1/users"))[0] == 200
    status, body = await running.bare(method, "/api/v1/users/drop")
    assert status == 503
    assert is_error(body, "SRV_002", GONE)
    status, _, body = await running.call(method, "/api/v1/users/drop", json={})
    assert status == 503
    assert is_error(body, "SRV_002", GONE)
    assert asked(stub) == [("GET", "/api/v1/users"), (method, "/api/v1/users/drop"), (method, "/api/v1/users/drop")]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_read_survives_a_connection_that_the_service_has_closed(
    gateway: Start, stub: Stub, fault_proxy: StartProxy, method: str
) -> None:
    proxy = await fault_proxy(*endpoint(stub.url))
    running = await gateway(identity_url=f"http://127.0.0.1:{proxy.port}")
    assert (await running.call("GET", "/api/v1/users"))[0] == 200
    proxy.cut()
    assert (await running.call(method, "/api/v1/users/1"))[0] == 200
    assert (asked(stub), proxy.accepted) == ([("GET", "/api/v1/users"), (method, "/api/v1/users/1")], 2)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_read_is_sent_twice_at_most_if_the_service_disconnects(gateway: Start, stub: Stub, method: str) -> None:
    running = await gateway()
    status, headers, _ = await running.call(method, "/api/v1/users/drop")
    assert (status, headers["Retry-After"]) == (503, "2")
    assert asked(stub) == [(method, "/api/v1/users/drop")] * 2


async def test_a_read_with_a_body_is_sent_once(gateway: Start, stub: Stub) -> None:
    running = await gateway()
    assert (await running.call("GET", "/api/v1/users/drop", json={}))[0] == 503
    assert asked(stub) == [("GET", "/api/v1/users/drop")]


async def test_a_request_is_sent_once_if_the_service_is_silent(
    gateway: Start, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_quick(monkeypatch)
    running = await gateway()
    status, _, body = await running.call("GET", "/api/v1/users/slow")
    assert status == 503
    assert is_error(body, "SRV_002", SILENT)
    assert asked(stub) == [("GET", "/api/v1/users/slow")]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_read_that_did_not_reach_its_service_is_repeated(
    upstreams: Upstreams, stub: Stub, names: Names, method: str
) -> None:
    response = await upstreams.send(USERS, method, "/api/v1/users", CIMultiDict(), None)
    assert response.status == 200
    response.close()
    assert (asked(stub), names.asked) == ([(method, "/api/v1/users")], 2)


@pytest.mark.parametrize("method", WRITES)
async def test_a_write_that_did_not_reach_its_service_is_left_to_the_client(
    upstreams: Upstreams, stub: Stub, names: Names, method: str
) -> None:
    with pytest.raises(Refusal) as refused:
        await upstreams.send(USERS, method, "/api/v1/users", CIMultiDict(), None)
    assert (refused.value.status, refused.value.message) == (503, "A dependency is unavailable; retry later.")
    assert (asked(stub), names.asked) == ([], 1)
