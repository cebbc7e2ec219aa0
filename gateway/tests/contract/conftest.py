"""The gateway in this process, on a real port, with a stub behind it and real Redis and RabbitMQ beside it."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
import pytest_asyncio
from aiohttp import web
from yarl import URL

from chassis.run.rest import RestServer
from chassis.testing.running import eventually
from chassis.testing.tokens import TokenForge
from gateway.bootstrap import assemble
from gateway.protocol import PublicProtocol
from gateway.settings import GatewaySettings
from tests.contract.stub import stub_service


@dataclass
class RunningGateway:
    url: str
    port: int
    client: aiohttp.ClientSession
    forge: TokenForge

    def request(self, method, path, *, token=True, headers=None, **options):
        headers = {**(headers or {}), **(self.forge.headers() if token is True else {})}
        return self.client.request(
            method, URL(f"{self.url}{path}", encoded=True), headers=headers, allow_redirects=False, **options
        )

    async def call(self, method, path, **options):
        """Return status, headers and body (decoded where it is JSON)."""
        async with self.request(method, path, **options) as response:
            is_json = response.headers.get("Content-Type", "").startswith("application/json")
            return response.status, response.headers, await (response.json() if is_json else response.read())

    async def raw(self, *pieces):
        """Send bytes as they are; return all that comes back until the gateway hangs up (or falls silent)."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for data in pieces:
            writer.write(data)
            await asyncio.sleep(0.05)
        answer = b""
        try:
            async with asyncio.timeout(1.5):
                while chunk := await reader.read(65_536):
                    answer += chunk
        except TimeoutError:
            pass
        writer.close()
        return answer


@pytest_asyncio.fixture
async def stub():
    async with stub_service() as running:
        yield running


@pytest_asyncio.fixture
async def gateway(stub, broker_url, redis_url):
    """A factory: `await gateway(rate_limit_per_minute=5)` with settings that differ from the defaults."""
    async with AsyncExitStack() as stack:
        forge = TokenForge()
        jwks_url = await stack.enter_async_context(_jwks(forge))
        client = await stack.enter_async_context(aiohttp.ClientSession(auto_decompress=False))

        async def start(**changes):
            settings = GatewaySettings(
                **{
                    "rabbitmq_url": broker_url,
                    "redis_url": redis_url,
                    "jwks_url": jwks_url,
                    **{f"{service}_url": stub.url for service in ("identity", "payments", "governance", "compliance")},
                    **changes,
                }
            )
            parts = await stack.enter_async_context(assemble(settings))
            stop = asyncio.Event()
            background = [asyncio.create_task(run(stop)) for run in parts.background]
            server = RestServer(
                parts.application, "127.0.0.1", 0, grace_seconds=1, setting="ELCORP_GATEWAY_PORT", protocol=PublicProtocol
            )
            await server.start(asyncio.Event())

            async def end():
                await server.stop()
                stop.set()
                await asyncio.gather(*background)

            stack.push_async_callback(end)
            running = RunningGateway(f"http://127.0.0.1:{server.port}", server.port, client, forge)
            if changes.get("wait", True):
                await _settled(running)
            return running

        yield start


async def _settled(running):
    async def ready():
        _, _, report = await running.call("GET", "/readyz", token=False)
        return report["ready"]

    await eventually(ready, expected=True)


def _jwks(forge):
    return _serve({"/jwks.json": forge.jwks()})


class _serve:  # noqa: N801  # a context manager that reads as a verb
    def __init__(self, documents):
        self._documents = documents

    async def __aenter__(self):
        async def answer(request):
            return web.json_response(self._documents[request.path])

        app = web.Application()
        app.router.add_get("/{tail:.*}", answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/jwks.json"

    async def __aexit__(self, *_):
        await self._runner.cleanup()
