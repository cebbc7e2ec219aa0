"""Scans files with ClamAV's daemon: the INSTREAM command of its protocol (clamd(8))."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NoReturn
from urllib.parse import urlsplit

from chassis.telemetry import log
from kernel.objects import ObjectsUnavailable, Upload

CONNECT_SECONDS: Final = 2.0
# For one part to be accepted, and for the verdict after the last one.
PART_SECONDS: Final = 5.0
VERDICT_SECONDS: Final = 30.0
_ANSWER_BYTES_MAX: Final = 4096
_COMMAND: Final = b"zINSTREAM\0"
_FOUND: Final = re.compile(r"stream: (.+) FOUND")
_CLEAN: Final = "stream: OK"


class Clamd:
    """One connection per file. A scanner that is away, or gives any answer but a verdict, has not scanned the file."""

    def __init__(self, url: str, *, verdict_seconds: float = VERDICT_SECONDS) -> None:
        self._url = urlsplit(url)
        self._verdict_seconds = verdict_seconds

    async def find_malware(self, upload: Upload) -> str | None:
        try:
            async with self._connection() as (reader, writer):
                return self._verdict(await self._ask(upload, reader, writer))
        except (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError) as error:
            self._refuse(type(error).__name__, str(error))

    async def ping(self) -> None:
        """Raise ObjectsUnavailable unless the daemon answers."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS), self._connection() as (reader, writer):
                writer.write(b"zPING\0")
                answer = await reader.readuntil(b"\0")
        except (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError) as error:
            self._refuse(type(error).__name__, str(error))
        if answer != b"PONG\0":
            self._refuse("no PONG", _text(answer))

    async def _ask(self, upload: Upload, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        # The daemon answers early and closes when the file exceeds its StreamMaxLength: read while sending.
        answer = asyncio.ensure_future(reader.readuntil(b"\0"))
        try:
            sending = asyncio.ensure_future(self._send(upload, writer))
            await asyncio.wait([answer, sending], return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                await sending
            else:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
            async with asyncio.timeout(self._verdict_seconds):
                return _text(await answer)
        finally:
            answer.cancel()
            sending.cancel()
            await asyncio.gather(answer, sending, return_exceptions=True)

    async def _send(self, upload: Upload, writer: asyncio.StreamWriter) -> None:
        writer.write(_COMMAND)
        async for chunk in upload.chunks():
            writer.write(len(chunk).to_bytes(4, "big") + chunk)
            async with asyncio.timeout(PART_SECONDS):
                await writer.drain()
        writer.write((0).to_bytes(4, "big"))
        async with asyncio.timeout(PART_SECONDS):
            await writer.drain()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        async with asyncio.timeout(CONNECT_SECONDS):
            if self._url.scheme == "unix":
                reader, writer = await asyncio.open_unix_connection(self._url.path, limit=_ANSWER_BYTES_MAX)
            else:
                reader, writer = await asyncio.open_connection(self._url.hostname, self._url.port, limit=_ANSWER_BYTES_MAX)
        try:
            yield reader, writer
        finally:
            # Not awaited: what it still has to send is not needed.
            writer.transport.abort()

    def _verdict(self, answer: str) -> str | None:
        found = _FOUND.fullmatch(answer)
        if not found and answer != _CLEAN:
            self._refuse("no verdict", answer)
        return found[1] if found else None

    def _refuse(self, problem: str, detail: str) -> NoReturn:
        log.warning("scanner_unavailable", problem=problem, detail=detail[:200])
        raise ObjectsUnavailable from None


def _text(answer: bytes) -> str:
    return answer.rstrip(b"\0\n").decode("utf-8", "replace")
