"""A small server of clamd's protocol, as its manual describes it: PING, and INSTREAM with a limit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

# The test file of the antivirus industry (EICAR), in two parts so that no scanner finds it here.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD" + rb"-ANTIVIRUS-TEST-FILE!$H+H*"


class ClamdServer:
    """`answer`, if set, is its answer to every command. A server that `is_silent` reads all, and answers nothing."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.answer: bytes | None = None
        self.is_silent = False
        self.stream_bytes_max = 10_000_000

    @asynccontextmanager
    async def on_tcp(self) -> AsyncIterator[str]:
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as server:
            yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    @asynccontextmanager
    async def on_unix(self, folder: Path) -> AsyncIterator[str]:
        async with await asyncio.start_unix_server(self._serve, folder / "clamd.ctl"):
            yield f"unix://{folder}/clamd.ctl"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            command = await reader.readuntil(b"\0")
            writer.write(b"PONG\0" if command == b"zPING\0" else await self._scan(reader))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _scan(self, reader: asyncio.StreamReader) -> bytes:
        content = b""
        while size := int.from_bytes(await reader.readexactly(4), "big"):
            if len(content) + size > self.stream_bytes_max:
                return b"INSTREAM size limit exceeded. ERROR\0"
            content += await reader.readexactly(size)
        self.received.append(content)
        if self.is_silent:
            await reader.read()
            return b""
        return self.answer or (b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0")
