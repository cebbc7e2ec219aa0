"""The gateway as its own process: it starts without its dependencies, and stops without dropping requests."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from chassis.auth.ended_sessions import EndedSessions
from chassis.testing.running import eventually, free_port
from gateway.bootstrap import serve
from gateway.settings import GatewaySettings

from .stub import Stub

NOWHERE = {
    "ELCORP_RABBITMQ_URL": "amqp://guest:guest@127.0.0.1:1/",
    "ELCORP_REDIS_URL": "redis://127.0.0.1:1/0",
    "ELCORP_JWKS_URL": "http://127.0.0.1:1/jwks.json",
    "ELCORP_OPS_PORT": "0",
}


@asynccontextmanager
async def process(*arguments: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gateway",
        *arguments,
        env={**os.environ, **NOWHERE, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
            await running.communicate()


def is_running(running: asyncio.subprocess.Process) -> bool:
    return running.returncode is None


async def test_a_request_in_flight_is_answered_after_sigterm(stub: Stub) -> None:
    port = free_port()
    async with (
        process("serve", ELCORP_GATEWAY_PORT=str(port), ELCORP_IDENTITY_URL=stub.url) as running,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client,
    ):

        async def alive() -> bool:
            try:
                async with client.get("/healthz") as response:
                    return response.status == 200
            except aiohttp.ClientConnectionError:
                return False

        await eventually(alive, expected=True)
        slow = asyncio.create_task(client.get("/api/v1/auth/slow").__aenter__())
        await eventually(lambda: _arrived(stub), 1)
        running.send_signal(signal.SIGTERM)
        assert running.stdout
        lines = [json.loads(await running.stdout.readline())]
        while lines[-1]["event"] != "stopping":
            lines.append(json.loads(await running.stdout.readline()))
        assert is_running(running)
        stub.release.set()
        response = await slow
        assert (response.status, await response.text()) == (200, "late")
        output, _ = await asyncio.wait_for(running.communicate(), 120)
        assert running.returncode == 0
        lines += [json.loads(line) for line in output.decode().splitlines()]
        assert [line["status"] for line in lines if line["event"] == "request"] == [200]
        assert lines[-1]["event"] == "stopped"


async def test_a_stream_is_ended_at_sigterm(stub: Stub) -> None:
    port = free_port()
    settings = {"ELCORP_GATEWAY_PORT": str(port), "ELCORP_IDENTITY_URL": stub.url, "ELCORP_DRAIN_SECONDS": "60"}
    async with process("serve", **settings) as running, aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:

        async def begins() -> bool:
            try:
                async with client.get("/healthz") as probe:
                    return probe.status == 200
            except aiohttp.ClientConnectionError:
                return False

        await eventually(begins)
        response = await client.get("/api/v1/auth/events")
        assert await response.content.readany() == b"event: progress\ndata: {}\n\n"
        running.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(response.read(), 120) == b"retry: 1000\n\n"
        assert is_running(running)


def nowhere(**changes: Any) -> GatewaySettings:
    addresses = {name.removeprefix("ELCORP_").lower(): url for name, url in NOWHERE.items()}
    return GatewaySettings.model_validate({"gateway_port": 0, **addresses, **changes})


async def asked(client: aiohttp.ClientSession) -> tuple[int, bool] | None:
    """Return whether it is ready and draining, or None if it does not answer."""
    try:
        async with client.get("/readyz") as response:
            return response.status, (await response.json())["draining"]
    except aiohttp.ClientConnectionError:
        return None


async def test_background_work_that_fails_ends_the_process_as_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(_self: EndedSessions, _stop: asyncio.Event) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(EndedSessions, "run", fails)
    monkeypatch.setattr("gateway.bootstrap.settle", lambda: None)
    stop = asyncio.Event()
    # Callers must not wait for a gateway of which a part has failed.
    assert await asyncio.wait_for(serve(nowhere(drain_seconds=60), stop), 120) is False
    assert stop.is_set()


async def test_a_draining_gateway_answers_and_reports_it() -> None:
    port, ops_port = str(free_port()), str(free_port())
    async with (
        process("serve", ELCORP_GATEWAY_PORT=port, ELCORP_OPS_PORT=ops_port, ELCORP_DRAIN_SECONDS="60") as running,
        aiohttp.ClientSession(f"http://127.0.0.1:{ops_port}") as operator,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client,
    ):
        await eventually(lambda: asked(operator), (503, False))
        running.send_signal(signal.SIGTERM)
        await eventually(lambda: asked(operator), (503, True))
        async with client.get("/api/v1/users") as response:
            assert response.status == 401
        assert is_running(running)


async def test_a_gateway_that_was_asked_to_stop_has_not_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.bootstrap.settle", lambda: None)
    ops_port, stop = free_port(), asyncio.Event()
    serving = asyncio.create_task(serve(nowhere(ops_port=ops_port), stop))
    async with aiohttp.ClientSession(f"http://127.0.0.1:{ops_port}") as client:
        await eventually(lambda: asked(client), (503, False))
        stop.set()
        assert await asyncio.wait_for(serving, 120) is True
        assert await asked(client) is None


async def test_the_error_names_a_port_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        async with process("serve", ELCORP_GATEWAY_PORT=str(taken.getsockname()[1])) as running:
            output, _ = await asyncio.wait_for(running.communicate(), 120)
    assert running.returncode == 1
    assert b"ELCORP_GATEWAY_PORT" in output


async def test_the_error_names_an_invalid_setting() -> None:
    async with process("serve", ELCORP_RATE_LIMIT_PER_MINUTE="none") as running:
        _, errors = await asyncio.wait_for(running.communicate(), 120)
    assert running.returncode == 2
    assert errors.startswith(b"gateway: ELCORP_RATE_LIMIT_PER_MINUTE: ")


async def test_the_document_is_written_and_missing_services_are_reported(stub: Stub) -> None:
    stub.documents["/openapi.json"] = {"openapi": "3.1.0", "paths": {}}
    urls = {f"ELCORP_{service}_URL": stub.url for service in ("IDENTITY", "PAYMENTS", "GOVERNANCE")}
    async with process("openapi", **urls, ELCORP_COMPLIANCE_URL="http://127.0.0.1:1") as running:
        output, errors = await asyncio.wait_for(running.communicate(), 120)
    assert running.returncode == 1
    assert json.loads(output)["x-missing-services"] == ["compliance"]
    assert b"no OpenAPI document from compliance" in errors


async def _arrived(stub: Stub) -> int:
    return len(stub.arrived)
