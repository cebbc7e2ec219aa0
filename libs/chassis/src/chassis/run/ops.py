"""The operators' door of a process that serves nothing else: /healthz, /readyz, /metrics."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from chassis.health import Readiness
from chassis.ports import bind
from chassis.telemetry.metrics import exposition

SHUTDOWN_SECONDS = 2


@asynccontextmanager
async def ops_server(host: str, port: int, readiness: Readiness) -> AsyncIterator[int]:
    """Serve for the length of the block; gives the real port. Raises PortTakenError."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def readyz(_request: web.Request) -> web.Response:
        report = await readiness.report()
        return web.json_response(report.body(), status=report.status)

    async def metrics(request: web.Request) -> web.Response:
        body, content_type = exposition(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    app = web.Application(client_max_size=1024)
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        listener = bind(host, port, setting="ELCORP_OPS_PORT")
        await web.SockSite(runner, listener).start()
        yield listener.getsockname()[1]
    finally:
        await runner.cleanup()
