"""The gateway in this process, on a real port, with a stub service behind it and real Redis and RabbitMQ."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest_asyncio
from aiohttp import web

from chassis.run.background import Backgrounds
from chassis.run.ops_server import ops_server
from chassis.run.uvicorn_server import RestServer
from chassis.testing.running import eventually
from chassis.testing.tokens import TokenForge
from gateway.app import Gateway
from gateway.bootstrap import assemble
from gateway.protocol import PublicProtocol
from gateway.routes import SERVICES
from gateway.settings import GatewaySettings

from .running_gateway import RunningGateway, Start
from .stub import Stub, stub_service


@pytest_asyncio.fixture
async def stub() -> AsyncIterator[Stub]:
    async with stub_service() as running:
        yield running


@pytest_asyncio.fixture
async def gateway(stub: Stub, broker_url: str, redis_url: str) -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:
        forge = TokenForge()
        usual = {
            "rabbitmq_url": broker_url,
            "redis_url": redis_url,
            "jwks_url": await stack.enter_async_context(_jwks(forge)),
            **{f"{service}_url": stub.url for service in SERVICES},
        }
        client = await stack.enter_async_context(aiohttp.ClientSession(auto_decompress=False))

        async def start(*, wait: bool = True, **changes: Any) -> RunningGateway:
            settings = GatewaySettings(**{**usual, **changes})
            application, port, ops_port = await stack.enter_async_context(_serving(settings))
            running = RunningGateway(f"http://127.0.0.1:{port}", port, ops_port, client, forge, application)
            if wait:
                await eventually(lambda: _is_ready(running), expected=True)
            return running

        yield start


async def _is_ready(running: RunningGateway) -> bool:
    status, _ = await running.readiness()
    return status == 200


@asynccontextmanager
async def _serving(settings: GatewaySettings) -> AsyncIterator[tuple[Gateway, int, int]]:
    async with assemble(settings) as parts, ops_server("127.0.0.1", 0, parts.readiness) as ops_port:
        background = Backgrounds(parts.background)
        server = RestServer(parts.application, "127.0.0.1", 0, grace_seconds=1, protocol=PublicProtocol)
        crashed = asyncio.Event()
        background.start(crashed)
        await server.start(crashed)
        try:
            yield parts.application, server.port, ops_port
        finally:
            await server.stop()
            await background.stop(grace_seconds=2)
        assert not background.failed


@asynccontextmanager
async def _jwks(forge: TokenForge) -> AsyncIterator[str]:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(forge.jwks())

    app = web.Application()
    app.router.add_get("/jwks.json", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/jwks.json"
    await runner.cleanup()
