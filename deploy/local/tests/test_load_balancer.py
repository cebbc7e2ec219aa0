"""A load balancer that is closed leaves nothing open."""

import asyncio
import gc
import socket

import pytest

from chassis.testing.running import free_port
from elcorp_local.load_balancer import LoadBalancer

CONNECTIONS = 20


@pytest.mark.parametrize("iterations", range(6))
async def test_connections_that_arrive_while_it_closes_are_closed_too(iterations: int) -> None:
    """Transports that are left open would fail a later test, when they are collected."""
    accepted: list[asyncio.StreamWriter] = []
    endpoint = await asyncio.start_server(lambda _reader, writer: accepted.append(writer), "127.0.0.1", 0)
    port = free_port()
    balancer = await LoadBalancer.start("127.0.0.1", port, lambda: [endpoint.sockets[0].getsockname()[:2]])
    # Blocking, so that the loop accepts none of them before.
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
    for _ in range(iterations):
        await asyncio.sleep(0)

    await balancer.close()

    for client in clients:
        client.settimeout(60)
        with pytest.raises((ConnectionError, EOFError)):
            _end_of(client)
        client.close()
    endpoint.close()
    for writer in accepted:
        writer.transport.abort()
    await asyncio.sleep(0)
    gc.collect()


def _end_of(client: socket.socket) -> None:
    if not client.recv(1):
        raise EOFError
