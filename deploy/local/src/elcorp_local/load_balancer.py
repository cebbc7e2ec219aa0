"""What kube-proxy does for a Service: each new connection goes to the next endpoint in turn."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Self, cast

Endpoint = tuple[str, int]
Endpoints = Callable[[], Sequence[Endpoint]]
_ITERATIONS_OF_ACCEPTING = 5


class LoadBalancer:
    """Listens on one address. A connection stays with its endpoint, even after the endpoint is removed."""

    def __init__(self, endpoints: Endpoints, *, tries_max: int = 1) -> None:
        self._endpoints = endpoints
        self._tries_max = tries_max
        self._turn = count()
        self._clients: set[_Client] = set()
        self._server: asyncio.Server | None = None

    @classmethod
    async def start(cls, host: str, port: int, endpoints: Endpoints, *, tries_max: int = 1) -> Self:
        """`endpoints` is called for each connection, which is closed if it returns none or if `tries_max` of them refuse."""
        balancer = cls(endpoints, tries_max=tries_max)
        loop = asyncio.get_running_loop()
        balancer._server = await loop.create_server(lambda: _Client(balancer), host, port)
        return balancer

    async def close(self) -> None:
        """Stop listening, and abort all connections; no transport is left when it returns."""
        if self._server:
            loop = asyncio.get_running_loop()
            for listening in self._server.sockets:
                loop.remove_reader(listening.fileno())
            # Otherwise asyncio would lose the socket of a connection that it is accepting.
            for _ in range(_ITERATIONS_OF_ACCEPTING):
                await asyncio.sleep(0)
            self._server.close()
        while clients := list(self._clients):
            for client in clients:
                client.abort()
            await asyncio.gather(*(client.connecting for client in clients), return_exceptions=True)
            # Aborted connections are closed in the loop's next iteration.
            await asyncio.sleep(0)

    def choose(self) -> Sequence[Endpoint]:
        """Return the endpoints to try for a new connection, in this order."""
        endpoints = self._endpoints()
        if not endpoints:
            return ()
        first = next(self._turn) % len(endpoints)
        return [*endpoints[first:], *endpoints[:first]][: self._tries_max]

    def opened(self, client: "_Client") -> None:
        self._clients.add(client)

    def closed(self, client: "_Client") -> None:
        self._clients.discard(client)


class _Side(asyncio.Protocol):
    """One end of a connection: forwards what it receives to the other end, no faster than that end accepts it."""

    transport: asyncio.Transport
    other: "_Side | None" = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self.other:
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        if self.other and self.other.transport.can_write_eof():
            self.other.transport.write_eof()
        # The other direction stays open.
        return True

    def pause_writing(self) -> None:
        if self.other:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other:
            self.other.transport.resume_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        if self.other:
            self.other.transport.close()


class _Client(_Side):
    """The accepted end, which opens the connection to the endpoint."""

    connecting: asyncio.Task[None]

    def __init__(self, balancer: LoadBalancer) -> None:
        self._balancer = balancer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._balancer.opened(self)
        self.transport.pause_reading()
        self.connecting = asyncio.create_task(self._connect())

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._balancer.closed(self)

    def abort(self) -> None:
        self.connecting.cancel()
        for side in (self, self.other):
            if side:
                side.transport.abort()

    async def _connect(self) -> None:
        side = await self._opened()
        if side is None:
            self.transport.close()
            return
        self.other = side
        if self.transport.is_closing():
            side.transport.close()
        else:
            self.transport.resume_reading()

    async def _opened(self) -> _Side | None:
        for endpoint in self._balancer.choose():
            side = _Side()
            side.other = self
            try:
                await asyncio.get_running_loop().create_connection(partial(_itself, side), *endpoint)
            except OSError:
                continue
            return side
        return None


def _itself(side: _Side) -> _Side:
    return side
