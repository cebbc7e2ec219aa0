"""The route that machines ask: alive. It is no part of the API, and wears no envelope.

Readiness and metrics have a port of their own (`chassis.run.ops`): this one is open to all that may call the service.
"""

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse


def add_liveness(app: FastAPI) -> None:
    """Add /healthz."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"alive": True})

    app.add_route("/healthz", healthz, include_in_schema=False)
