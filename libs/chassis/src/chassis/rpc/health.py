"""grpc.health.v1 for each service of a server."""

import asyncio
from typing import Any

from grpc_health.v1.health import aio as health_aio


class Health(health_aio.HealthServicer):  # type: ignore[misc]  # the package has no types
    """The standard servicer, whose watchers can be shown out."""

    def __init__(self) -> None:
        super().__init__()
        self._watchers: set[asyncio.Task[Any]] = set()

    async def Watch(self, request: Any, context: Any) -> None:  # noqa: N802  # gRPC's name
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a servicer runs in a task")
        self._watchers.add(task)
        try:
            await super().Watch(request, context)
        finally:
            self._watchers.discard(task)

    def end_watches(self) -> None:
        for task in self._watchers:
            task.cancel()
