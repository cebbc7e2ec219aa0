"""The gRPC server of a service: its servicers, health, and locally reflection."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from grpc import aio
from grpc_health.v1 import health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse

from chassis.listen import PortTakenError
from chassis.rpc.client import MESSAGE_BYTES_MAX
from chassis.rpc.deadlines import STREAM_SECONDS
from chassis.rpc.health import Health
from chassis.rpc.named_callers import named_callers
from chassis.rpc.tls import Tls

CONCURRENT_RPCS_MAX = 512
# gRPC varies the age of a connection by up to 10%.
CONNECTION_AGE_MS_MAX = 5_000
GRACE_SECONDS = 30.0
OPTIONS: list[tuple[str, Any]] = [
    # A port in use must be an error, not a second server that gets half of the calls.
    ("grpc.so_reuseport", 0),
    # End connections often, so that clients resolve the peer's pods again and leave a pod before it stops. Nothing else makes
    # them leave gracefully: a stopping server cancels calls that are on their way to it, and NOT_SERVING does not make clients
    # resolve the name. Calls in progress have time to finish: see `RpcServer._options`.
    ("grpc.max_connection_age_ms", CONNECTION_AGE_MS_MAX),
    # Clients ping every eight seconds; the default closes connections with more than one ping in five minutes.
    ("grpc.http2.min_ping_interval_without_data_ms", 4_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 4_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
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
    """Serves until stopped; after `start`, `port` is the real port, also if 0 was requested.

    Each method accepts the callers that its contract names, with `local` also those of the environment `local`, where reflection
    describes the methods to tools. A stream is served for `stream_seconds` at most. With `tls` and a `health_port`, health is
    also served on that port without TLS, for Kubernetes' probes.
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
        stream_seconds: float = STREAM_SECONDS,
    ) -> None:
        """Raise UnguardedMethodError if a contract does not name the callers of each method."""
        self.port = port
        self.health_port = health_port
        self._host = host
        self._services = services
        self._callers = named_callers((service.full_name for service in services), local=local)
        self._tls = tls
        self._local = local
        self._stream_seconds = stream_seconds
        self._health = Health()
        self._servers: list[aio.Server] = []

    async def start(self) -> None:
        """Listen and serve; raises PortTakenError."""
        options = self._options()
        server = aio.server(interceptors=self._interceptors(), options=options, maximum_concurrent_rpcs=CONCURRENT_RPCS_MAX)
        for service in self._services:
            service.add(service.servicer, server)
            await self._health.set(service.full_name, HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        if self._local:
            self._describe_methods(server)
        self.port = self._bind(server, self.port, self._tls)
        await server.start()
        self._servers.append(server)
        if self.health_port is not None:
            await self._start_health(self.health_port)

    async def stop(self, grace_seconds: float) -> None:
        """Refuse new calls, let calls in progress finish for at most `grace_seconds`, then cancel them."""
        await self._health.enter_graceful_shutdown()
        # End the watches, which last as long as the server, or stopping would always take the whole grace period.
        self._health.end_watches()
        await asyncio.gather(*(server.stop(grace_seconds) for server in self._servers))

    def _describe_methods(self, server: aio.Server) -> None:
        from grpc_reflection.v1alpha import reflection  # noqa: PLC0415  # only a developer's machine has use for it

        names = [service.full_name for service in self._services]
        reflection.enable_server_reflection([*names, reflection.SERVICE_NAME, "grpc.health.v1.Health"], server)

    async def _start_health(self, port: int) -> None:
        server = aio.server(options=self._options(), maximum_concurrent_rpcs=CONCURRENT_RPCS_MAX)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        self.health_port = self._bind(server, port, None)
        await server.start()
        self._servers.append(server)

    def _options(self) -> list[tuple[str, Any]]:
        # Calls in progress outlive their connection's age, by as long as the longest of them may take.
        grace_ms = round(max(GRACE_SECONDS, self._stream_seconds) * 1000)
        return [*OPTIONS, ("grpc.max_connection_age_grace_ms", grace_ms)]

    def _interceptors(self) -> list[aio.ServerInterceptor]:
        if not self._services:
            return []
        from chassis.rpc.guard import IncomingCalls  # noqa: PLC0415  # validation is 15 MB; health alone has no need of it

        return [IncomingCalls(self._callers, stream_seconds=self._stream_seconds)]

    def _bind(self, server: aio.Server, port: int, tls: Tls | None) -> int:
        address = f"{self._host}:{port}"
        try:
            return server.add_secure_port(address, tls.server_credentials()) if tls else server.add_insecure_port(address)
        except RuntimeError as error:
            raise PortTakenError(f"cannot listen on {address} for gRPC (ELCORP_GRPC_PORT): is the port in use?") from error
