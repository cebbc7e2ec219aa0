"""The routes that machines ask: alive, ready, metrics. None is part of the API, and none wears the envelope."""

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from chassis.rest.entrance import Readiness
from chassis.telemetry.metrics import exposition


def add_operations(app: FastAPI, readiness: Readiness) -> None:
    """Add /healthz, /readyz and /metrics."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"alive": True})

    async def readyz(_request: Request) -> Response:
        report = await readiness.report()
        return JSONResponse(report.body(), report.status, {} if report.status == 200 else {"retry-after": "2"})  # noqa: PLR2004

    async def metrics(request: Request) -> Response:
        body, content_type = exposition(request.headers.get("accept", ""))
        return Response(body, headers={"content-type": content_type})

    for path, endpoint in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", metrics)):
        app.add_route(path, endpoint, include_in_schema=False)
