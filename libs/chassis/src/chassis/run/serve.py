"""The `serve` process: REST and gRPC on one event loop."""

import asyncio
import time
from typing import Any

from chassis.rpc import RpcServer, Tls
from chassis.run.background import Backgrounds
from chassis.run.ops_server import ops_server
from chassis.run.process import settle
from chassis.run.schema import wait_for_schema
from chassis.run.service import Service, Serving
from chassis.run.uvicorn_server import RestServer
from chassis.settings import ServiceSettings
from chassis.telemetry import log
from chassis.telemetry.metrics import watch_loop


async def serve(service: Service[Any], settings: ServiceSettings, stop: asyncio.Event) -> bool:
    """Serve until `stop` is set; return False if something failed."""
    await wait_for_schema(service, settings, stop)
    async with (
        service.serving(settings) as parts,
        ops_server(settings.ops_host, settings.ops_port, parts.readiness) as ops_port,
    ):
        serving = _Serving(parts, settings, stop)
        try:
            await serving.start()
            log.info("serving", rest_port=serving.rest_port, grpc_port=serving.grpc_port, ops_port=ops_port)
            await stop.wait()
        finally:
            await serving.stop()
        return not serving.failed


class _Serving:
    """The parts of a serve process, started and stopped in the right order."""

    def __init__(self, parts: Serving, settings: ServiceSettings, process_stop: asyncio.Event) -> None:
        self._readiness = parts.readiness
        self._end_streams = parts.end_streams
        self._settings = settings
        self._process_stop = process_stop
        self._rest = RestServer(parts.rest, settings.rest_host, settings.rest_port, grace_seconds=settings.shutdown_seconds)
        self._rpc = RpcServer(
            settings.grpc_host,
            settings.grpc_port,
            parts.rpc,
            tls=Tls.of(settings),
            health_port=settings.grpc_health_port,
            local=settings.environment == "local",
            stream_seconds=settings.rpc_stream_seconds,
        )
        self._backgrounds = Backgrounds([*parts.background, watch_loop])

    @property
    def rest_port(self) -> int:
        return self._rest.port

    @property
    def grpc_port(self) -> int:
        return self._rpc.port

    @property
    def failed(self) -> bool:
        return self._backgrounds.failed or self._rest.failed

    async def start(self) -> None:
        self._backgrounds.start(self._process_stop)
        await self._rpc.start()
        await self._rest.start(self._process_stop)
        settle()

    async def stop(self) -> None:
        """Report not ready first, finish requests, then stop what they depend on."""
        self._readiness.draining = True
        self._rest.drain()
        # Streams end at once: they would hold the process for minutes, and their clients reconnect elsewhere.
        self._end_streams()
        if not self.failed:
            # Requests still arrive until all load balancers and clients have noticed.
            await asyncio.sleep(self._settings.drain_seconds)
        ends_at = time.monotonic() + self._settings.shutdown_seconds
        await asyncio.gather(self._rest.stop(), self._rpc.stop(self._settings.shutdown_seconds))
        await self._backgrounds.stop(grace_seconds=ends_at - time.monotonic())
