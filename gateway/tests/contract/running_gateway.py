"""A gateway under test, and how tests send requests to it."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from chassis.testing.faults import FaultProxy
from chassis.testing.tokens import TokenForge
from gateway.app import Gateway
from gateway.routes import ROUTES, Route, RouteTable

Answer = tuple[int, CIMultiDictProxy[str], Any]
StartProxy = Callable[[str, int], Awaitable[FaultProxy]]
AWAY = "http://127.0.0.1:1"
ANSWER_SECONDS_MAX = 120


def be_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let gateways started from now on give up on a service after 0.3 s of silence."""
    quick = RouteTable(Route(route.segment, route.service, timeout_seconds=0.3) for route in ROUTES)
    monkeypatch.setattr("gateway.bootstrap.ROUTES", quick)


@dataclass
class RunningGateway:
    url: str
    port: int
    ops_port: int
    client: aiohttp.ClientSession
    forge: TokenForge
    application: Gateway

    def request(
        self, method: str, path: str, *, token: bool = True, headers: Mapping[str, str] | None = None, **options: Any
    ) -> "aiohttp.client._RequestContextManager":
        # The client library would accept gzip by default.
        headers = {"Accept-Encoding": "identity", **(headers or {}), **(self.forge.headers() if token else {})}
        url = URL(f"{self.url}{path}", encoded=True)
        return self.client.request(method, url, headers=headers, allow_redirects=False, **options)

    async def call(self, method: str, path: str, **options: Any) -> Answer:
        """Return status, headers and body (decoded if it is JSON)."""
        async with self.request(method, path, **options) as response:
            is_json = response.headers.get("Content-Type", "").startswith("application/json")
            return response.status, response.headers, await (response.json() if is_json else response.read())

    async def readiness(self) -> tuple[int, Any]:
        """Return the response of /readyz on the operators' port."""
        async with self.client.get(f"http://127.0.0.1:{self.ops_port}/readyz") as response:
            return response.status, await response.json()

    async def bare(self, method: str, path: str) -> tuple[int, Any]:
        """Send a request without a body and without a length header; return status and content."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.forge.token()}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        status, _, body = parsed(await reader.read())
        writer.close()
        return status, json.loads(body) if body else None

    async def raw(self, *pieces: bytes, until: bytes | None = None) -> bytes:
        """Send bytes unchanged; return all that is received until the gateway disconnects, or until `until` is received."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for number, data in enumerate(pieces):
            if number:
                # So that it arrives separately from the bytes before; nothing reports when those have been read.
                await asyncio.sleep(0.05)
            writer.write(data)
        answer = b""
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            while not (until and until in answer) and (chunk := await reader.read(65_536)):
                answer += chunk
        writer.close()
        return answer


def parsed(raw: bytes) -> tuple[int, CIMultiDictProxy[str], bytes]:
    """Return status, headers and body of a response whose body has its declared length."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers: CIMultiDict[str] = CIMultiDict()
    for line in lines:
        name, _, value = line.partition(": ")
        headers.add(name, value)
    return int(first.split(" ")[1]), CIMultiDictProxy(headers), body


class Start(Protocol):
    """Starts a gateway with settings that differ from the defaults; `wait=False` for one that cannot become ready."""

    async def __call__(self, *, wait: bool = True, **changes: Any) -> RunningGateway: ...
