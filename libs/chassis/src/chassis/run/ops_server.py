"""The operations port of every process: /healthz, /readyz, /metrics. Clients cannot reach it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import orjson

from chassis.health import Readiness
from chassis.run.uvicorn_server import RestServer
from chassis.telemetry.metrics import exposition

SHUTDOWN_SECONDS = 2
RETRY_SECONDS = 2
_NOT_READY = 503
_JSON = "application/json"

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@asynccontextmanager
async def ops_server(host: str, port: int, readiness: Readiness) -> AsyncIterator[int]:
    """Serve during the block; yields the real port. Raises PortTakenError."""
    server = RestServer(_Ops(readiness), host, port, grace_seconds=SHUTDOWN_SECONDS, setting="ELCORP_OPS_PORT")
    await server.start(asyncio.Event())
    try:
        yield server.port
    finally:
        await server.stop()


class _Ops:
    """A plain ASGI application, so that workers need no web framework for three pages."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    async def __call__(self, scope: MutableMapping[str, Any], _receive: object, send: Send) -> None:
        if scope["type"] != "http":
            return
        status, content_type, body = await self._page(scope)
        headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
        if status == _NOT_READY:
            headers.append((b"retry-after", b"%d" % RETRY_SECONDS))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _page(self, scope: MutableMapping[str, Any]) -> tuple[int, str, bytes]:
        if scope["method"] not in {"GET", "HEAD"}:
            return 405, _JSON, b"{}"
        match scope["path"]:
            case "/healthz":
                return 200, _JSON, orjson.dumps({"alive": True})
            case "/readyz":
                report = await self._readiness.report()
                return report.status, _JSON, orjson.dumps(report.body())
            case "/metrics":
                body, content_type = exposition(dict(scope["headers"]).get(b"accept", b"").decode("latin-1"))
                return 200, content_type, body
        return 404, _JSON, b"{}"
