"""A gateway under test, and how tests speak to it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import pytest
from multidict import CIMultiDictProxy
from yarl import URL

from chassis.testing.faults import FaultProxy
from chassis.testing.tokens import TokenForge
from gateway.routes import ROUTES, Route, RouteTable

Answer = tuple[int, CIMultiDictProxy[str], Any]
StartProxy = Callable[[str, int], Awaitable[FaultProxy]]
AWAY = "http://127.0.0.1:1"


def be_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let gateways that start from now on give a service up after 0.3 s of silence."""
    quick = RouteTable(Route(route.segment, route.service, timeout_seconds=0.3) for route in ROUTES)
    monkeypatch.setattr("gateway.bootstrap.ROUTES", quick)


ANSWER_SECONDS_MAX = 120


@dataclass
class RunningGateway:
    url: str
    port: int
    client: aiohttp.ClientSession
    forge: TokenForge

    def request(
        self, method: str, path: str, *, token: bool = True, headers: Mapping[str, str] | None = None, **options: Any
    ) -> "aiohttp.client._RequestContextManager":
        headers = {**(headers or {}), **(self.forge.headers() if token else {})}
        url = URL(f"{self.url}{path}", encoded=True)
        return self.client.request(method, url, headers=headers, allow_redirects=False, **options)

    async def call(self, method: str, path: str, **options: Any) -> Answer:
        """Return status, headers and body (decoded where it is JSON)."""
        async with self.request(method, path, **options) as response:
            is_json = response.headers.get("Content-Type", "").startswith("application/json")
            return response.status, response.headers, await (response.json() if is_json else response.read())

    async def raw(self, *pieces: bytes, until: bytes | None = None) -> bytes:
        """Send bytes as they are; return all that comes back until the gateway hangs up, or until it has said `until`."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for number, data in enumerate(pieces):
            if number:
                # So that it arrives apart from what went before; nothing tells when that has been read.
                await asyncio.sleep(0.05)
            writer.write(data)
        answer = b""
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            while not (until and until in answer) and (chunk := await reader.read(65_536)):
                answer += chunk
        writer.close()
        return answer


class Start(Protocol):
    """Starts a gateway with settings that differ from the defaults; `wait=False` for one that cannot get ready."""

    async def __call__(self, *, wait: bool = True, **changes: Any) -> RunningGateway: ...
