"""grpc.health.v1 for each service of a server."""

import asyncio
from typing import Any

from grpc_health.v1.health import aio as health_aio


class Health(health_aio.HealthServicer):  # type: ignore[misc]  # the package has no types
    """The standard servicer, with a way to end its watches."""

    def __init__(self) -> None:
        super().__init__()
        self._closing = asyncio.Event()

    async def Watch(self, request: Any, context: Any) -> None:  # noqa: N802  # gRPC's name
        # The standard Watch never returns, and cancelling gRPC's own task would leave the call open.
        watching = asyncio.create_task(super().Watch(request, context))
        closing = asyncio.create_task(self._closing.wait())
        try:
            await asyncio.wait({watching, closing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.cancel()
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    def end_watches(self) -> None:
        self._closing.set()
