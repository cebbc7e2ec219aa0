"""A TCP proxy that simulates network faults between a process and its broker or database."""

import asyncio
import socket
import struct
from typing import Self

CHUNK_BYTES = 65_536
# Linger for zero seconds: close() sends RST at once, like the kernel of a crashed peer.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class FaultProxy:
    """Forwards `127.0.0.1:port` to a target, with the faults that a test selects."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._links: set[asyncio.Task[None]] = set()
        self._requests_pass = asyncio.Event()
        self._replies_pass = asyncio.Event()
        self._delay_seconds = 0.0
        self._hangs_up = False
        self.port = 0
        self.accepted = 0
        self.held_back = 0

    @classmethod
    async def start(cls, host: str, port: int) -> Self:
        proxy = cls(host, port)
        await proxy.heal()
        return proxy

    def cut(self) -> None:
        """Reset every open connection; accept new ones."""
        for writer in self._writers:
            sock = writer.get_extra_info("socket")
            if sock is not None and sock.fileno() >= 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            writer.transport.abort()

    def refuse(self) -> None:
        """Reset every open connection and refuse new ones, as a stopped server does."""
        if self._server:
            self._server.close()
            self._server = None
        self.cut()

    def hang_up(self) -> None:
        """Reset every open connection, and each new one after accepting it, as a starting server does."""
        self._hangs_up = True
        self.cut()

    def blackhole(self, *, replies_only: bool = False) -> None:
        """Forward nothing, on old and new connections, and close nothing, as if packets were lost.

        With `replies_only` requests still arrive and have effects, but their responses are lost. `held_back` counts what was not
        forwarded.
        """
        if not replies_only:
            self._requests_pass.clear()
        self._replies_pass.clear()

    def delay(self, ms: float) -> None:
        """Delay each chunk, in both directions."""
        self._delay_seconds = ms / 1000

    async def heal(self) -> None:
        """Forward again, including what was held back."""
        self._requests_pass.set()
        self._replies_pass.set()
        self._delay_seconds = 0
        self._hangs_up = False
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self.refuse()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        link = asyncio.current_task()
        if link is None:
            raise RuntimeError("asyncio runs a connection's callback in a task")
        self._links.add(link)
        self._writers.add(writer)
        try:
            if self._hangs_up:
                self.cut()
            else:
                await self._forward(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # this proxy exists to lose connections
        finally:
            writer.close()
            self._writers.discard(writer)
            self._links.discard(link)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target_reader, target_writer = await asyncio.open_connection(*self._target)
        self._writers.add(target_writer)
        try:
            async with asyncio.TaskGroup() as pumps:
                requests = pumps.create_task(self._pump(reader, target_writer, self._requests_pass))
                replies = pumps.create_task(self._pump(target_reader, writer, self._replies_pass))
                await asyncio.wait({requests, replies}, return_when=asyncio.FIRST_COMPLETED)
                requests.cancel()
                replies.cancel()
        except* OSError:
            pass  # as above
        finally:
            target_writer.close()
            self._writers.discard(target_writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passing: asyncio.Event) -> None:
        while data := await reader.read(CHUNK_BYTES):
            if self._delay_seconds:
                await asyncio.sleep(self._delay_seconds)
            self.held_back += not passing.is_set()
            await passing.wait()
            writer.write(data)
            await writer.drain()
