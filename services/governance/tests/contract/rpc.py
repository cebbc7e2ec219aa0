"""A real gRPC server in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.rpc import RpcServer, RpcService


@asynccontextmanager
async def serve_rpc(services: list[RpcService]) -> AsyncIterator[str]:
    server = RpcServer("127.0.0.1", 0, services)
    await server.start()
    try:
        yield f"dns:///127.0.0.1:{server.port}"
    finally:
        await server.stop(0)
