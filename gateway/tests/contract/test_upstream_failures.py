"""A service that is away, silent or broken: 503 with Retry-After in the envelope; the other services continue."""

import asyncio
import socket
from typing import Any

import aiohttp
import pytest

from chassis import vanished_peers
from chassis.testing.running import endpoint, eventually
from chassis.vanished_peers import open_socket
from gateway import upstream
from gateway.routes import ROUTES

from .answers import is_error
from .running_gateway import AWAY, Answer, Start, StartProxy, be_quick
from .stub import Stub

SILENT = "The service did not respond in time; the outcome is unknown."


def is_unavailable(answer: Answer, message: str | None = None) -> bool:
    status, headers, body = answer
    assert (status, headers["Retry-After"]) == (503, "2")
    return is_error(body, "SRV_002", message)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("url", [AWAY, "http://nowhere.invalid:8102"])
async def test_an_unreachable_service_is_unavailable_and_the_others_answer(gateway: Start, method: str, url: str) -> None:
    running = await gateway(payments_url=url)
    assert is_unavailable(await running.call(method, "/api/v1/wallets"))
    assert (await running.call(method, "/api/v1/users"))[0] == 200


async def test_a_silent_service_times_out(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    be_quick(monkeypatch)
    running = await gateway()
    assert is_unavailable(await running.call("GET", "/api/v1/users/slow"), SILENT)


async def test_silence_is_limited_and_the_length_of_a_response_is_not(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    running, whole, made = await gateway(), aiohttp.ClientTimeout, list[dict[str, Any]]()

    def note(**limits: Any) -> aiohttp.ClientTimeout:
        made.append(limits)
        return whole(**limits)

    monkeypatch.setattr(aiohttp, "ClientTimeout", note)
    assert (await running.call("GET", "/api/v1/users"))[0] == 200
    route = ROUTES.find("users")
    assert route
    connecting = {"connect": upstream.CONNECT_SECONDS, "sock_connect": upstream.CONNECT_SECONDS}
    assert made == [{"total": None, **connecting, "sock_read": route.timeout_seconds}]


async def test_an_address_that_does_not_answer_times_out(
    gateway: Start, stub: Stub, fault_proxy: StartProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "CONNECT_SECONDS", 0.3)
    proxy = await fault_proxy(*endpoint(stub.url))
    be_quick(monkeypatch)
    running = await gateway(identity_url=f"http://127.0.0.1:{proxy.port}")
    proxy.blackhole()
    assert is_unavailable(await running.call("GET", "/api/v1/users"), SILENT)
    await proxy.heal()

    async def status() -> int:
        return (await running.call("GET", "/api/v1/users"))[0]

    # The timeout is short, and a busy machine may need longer.
    await eventually(status, 200)


async def test_the_connection_to_a_vanished_service_ends_by_itself(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = list[socket.socket]()

    def note(address: tuple[Any, ...]) -> socket.socket:
        opened.append(open_socket(address))
        return opened[-1]

    monkeypatch.setattr(upstream, "open_socket", note)
    running = await gateway()
    assert (await running.call("GET", "/api/v1/users"))[0] == 200
    assert opened
    for each in opened:
        assert each.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert each.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == vanished_peers.UNACKNOWLEDGED_MS_MAX <= 15_000


async def test_an_interrupted_response_is_not_taken_for_a_complete_one(gateway: Start) -> None:
    running = await gateway()
    with pytest.raises(aiohttp.ClientPayloadError):
        await running.call("GET", "/api/v1/users/half")
    assert (await running.call("GET", "/api/v1/users"))[0] == 200


async def test_a_full_pool_is_unavailable_and_does_not_wait_forever(
    gateway: Start, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "CONNECT_SECONDS", 0.3)
    running = await gateway(upstream_connections_max=1)
    slow = asyncio.create_task(running.call("GET", "/api/v1/users/slow"))
    await eventually(lambda: len(stub.arrived), 1)
    assert is_unavailable(await running.call("POST", "/api/v1/users", json={}))
    slow.cancel()
    await asyncio.gather(slow, return_exceptions=True)


async def test_without_the_signing_keys_no_token_can_be_verified(gateway: Start) -> None:
    running = await gateway(jwks_url=f"{AWAY}/jwks.json", wait=False)
    assert is_unavailable(await running.call("GET", "/api/v1/users"))
    assert (await running.call("POST", "/api/v1/auth/login", token=False))[0] == 200
    status, report = await running.readiness()
    assert (status, report["ready"]) == (503, False)
