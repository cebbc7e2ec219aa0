"""The gRPC server of a service: its servicers, health and reflection."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from grpc import aio
from grpc_health.v1 import health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_reflection.v1alpha import reflection

from chassis.listen import PortTakenError
from chassis.rpc.client import MESSAGE_BYTES_MAX
from chassis.rpc.health import Health
from chassis.rpc.named_callers import named_callers
from chassis.rpc.tls import Tls

CONCURRENT_RPCS_MAX = 512
# gRPC lets a connection live for up to a tenth longer or shorter.
CONNECTION_AGE_MS_MAX = 5_000
OPTIONS: list[tuple[str, Any]] = [
    # A taken port is an error, not a second server that gets half the calls.
    ("grpc.so_reuseport", 0),
    # Connections end often, so that clients look up the peer's pods again and have left a pod before it stops. Nothing else
    # makes them leave gracefully: a server that stops cancels the calls on their way to it, and a peer's NOT_SERVING makes no
    # client look up its name. Calls under way have half a minute to finish.
    ("grpc.max_connection_age_ms", CONNECTION_AGE_MS_MAX),
    ("grpc.max_connection_age_grace_ms", 30_000),
    # Clients ping every 30 s; the default forgives one ping in five minutes and then hangs up.
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
]


@dataclass(frozen=True, slots=True)
class RpcService:
    """A servicer and the generated function that adds it: `RpcService(add_XServicer_to_server, X(), "elcorp….X")`."""

    add: Callable[[Any, Any], None]
    servicer: object
    full_name: str


class RpcServer:
    """Serves until stopped; `port` is the real one after `start`, also where 0 was asked for.

    Each method answers the callers that its contract names, with `local` those of the environment `local` too. With `tls` and
    a `health_port`, health is served on that port in plain text as well: Kubernetes' probes speak no TLS.
    """

    def __init__(
        self,
        host: str,
        port: int,
        services: Sequence[RpcService],
        *,
        tls: Tls | None = None,
        health_port: int | None = None,
        local: bool = False,
    ) -> None:
        """Raise UnguardedMethodError for a contract that does not say who may call each of its methods."""
        self.port = port
        self.health_port = health_port
        self._host = host
        self._services = services
        self._callers = named_callers((service.full_name for service in services), local=local)
        self._tls = tls
        self._health = Health()
        self._servers: list[aio.Server] = []

    async def start(self) -> None:
        """Listen and serve; raises PortTakenError."""
        server = aio.server(interceptors=self._interceptors(), options=OPTIONS, maximum_concurrent_rpcs=CONCURRENT_RPCS_MAX)
        for service in self._services:
            service.add(service.servicer, server)
            await self._health.set(service.full_name, HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = [service.full_name for service in self._services]
        reflection.enable_server_reflection([*names, reflection.SERVICE_NAME, "grpc.health.v1.Health"], server)
        self.port = self._bind(server, self.port, self._tls)
        await server.start()
        self._servers.append(server)
        if self.health_port is not None:
            await self._start_health(self.health_port)

    async def stop(self, grace_seconds: float) -> None:
        """Refuse new calls, let those in flight finish for at most `grace_seconds`, then cut them."""
        await self._health.enter_graceful_shutdown()
        # Watchers stay for as long as the server does, so they are shown out or the grace always runs to its end.
        self._health.end_watches()
        await asyncio.gather(*(server.stop(grace_seconds) for server in self._servers))

    async def _start_health(self, port: int) -> None:
        server = aio.server(options=OPTIONS, maximum_concurrent_rpcs=CONCURRENT_RPCS_MAX)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        self.health_port = self._bind(server, port, None)
        await server.start()
        self._servers.append(server)

    def _interceptors(self) -> list[aio.ServerInterceptor]:
        if not self._services:
            return []
        from chassis.rpc.guard import IncomingCalls  # noqa: PLC0415  # validation is 15 MB; health alone has no need of it

        return [IncomingCalls(self._callers)]

    def _bind(self, server: aio.Server, port: int, tls: Tls | None) -> int:
        address = f"{self._host}:{port}"
        try:
            return server.add_secure_port(address, tls.server_credentials()) if tls else server.add_insecure_port(address)
        except RuntimeError as error:
            raise PortTakenError(f"cannot listen on {address} for gRPC (ELCORP_GRPC_PORT): is it taken?") from error
