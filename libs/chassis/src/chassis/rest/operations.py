"""The routes that machines ask: alive, ready, metrics."""

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chassis.rest.entrance import Readiness


def add_operations(app: FastAPI, readiness: Readiness) -> None:
    """Add /healthz, /readyz and /metrics; none is part of the API, and none carries the envelope."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(_request: Request) -> Response:
        if readiness.draining:
            return JSONResponse({"status": "draining"}, status_code=503, headers={"retry-after": "1"})
        checks = await readiness.check()
        ready = not any(checks.values())
        body = {"status": "ready" if ready else "not ready", "checks": {name: fault or "ok" for name, fault in checks.items()}}
        return JSONResponse(body, status_code=200 if ready else 503, headers=None if ready else {"retry-after": "2"})

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    app.add_route("/healthz", healthz, include_in_schema=False)
    app.add_route("/readyz", readyz, include_in_schema=False)
    app.add_route("/metrics", metrics, include_in_schema=False)
