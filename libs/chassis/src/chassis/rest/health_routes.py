"""The liveness probe. It is not part of the API and has no envelope.

Readiness and metrics have their own port (`chassis.run.ops_server`), because every caller of the service can reach this one.
"""

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse


def add_liveness(app: FastAPI) -> None:
    """Add /healthz."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"alive": True})

    app.add_route("/healthz", healthz, include_in_schema=False)
