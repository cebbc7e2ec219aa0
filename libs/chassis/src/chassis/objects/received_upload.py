"""Receives a file of any length in constant memory, into an unnamed temporary file."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from typing import IO, Final

from chassis.objects.media_types import Sniffer
from chassis.telemetry import log
from kernel.errors import InvalidValue
from kernel.objects import ObjectsUnavailable, StoredFile

# Smaller files stay in memory.
_MEMORY_BYTES_MAX: Final = 65_536
# Written and read at a time, each on a thread.
PART_BYTES: Final = 262_144


class FileTooLarge(InvalidValue):
    """The file is too large."""

    code = "VAL_003"
    disclosed = ("bytes_max",)


class ReceivedUpload:
    """A complete file. It has no name in the file system: it is gone when its process ends, however it ends."""

    def __init__(self, file: StoredFile, content: IO[bytes]) -> None:
        self._file = file
        self._content = content

    @property
    def file(self) -> StoredFile:
        return self._file

    async def chunks(self) -> AsyncIterator[bytes]:
        position = 0
        while position < self._file.size:
            part = await asyncio.to_thread(self._read_part, position)
            position += len(part)
            yield part

    def read(self) -> bytes:
        self._content.seek(0)
        return self._content.read()

    def _read_part(self, position: int) -> bytes:
        self._content.seek(position)
        return self._content.read(PART_BYTES)


@asynccontextmanager
async def received(
    chunks: AsyncIterable[bytes], *, media_type: str, bytes_max: int, name: str | None = None
) -> AsyncIterator[ReceivedUpload]:
    """Receive a file; it is deleted at the block's end. Raise FileTooLarge or ContentMismatch as soon as it is known.

    Raise ObjectsUnavailable if there is no room for it.
    """
    # Closed at the block's end, and with it the content is gone.
    with tempfile.SpooledTemporaryFile(_MEMORY_BYTES_MAX) as content:
        digest, sniffer, size = hashlib.sha256(), Sniffer(media_type), 0
        pending = bytearray()
        async for chunk in chunks:
            size += len(chunk)
            if size > bytes_max:
                raise FileTooLarge(field="body", bytes_max=bytes_max)
            sniffer.read(chunk)
            digest.update(chunk)
            pending += chunk
            if len(pending) >= PART_BYTES:
                await _write(content, bytes(pending))
                pending.clear()
        sniffer.end()
        await _write(content, bytes(pending))
        yield ReceivedUpload(StoredFile(digest=digest.hexdigest(), size=size, media_type=media_type, name=name), content)


async def _write(content: IO[bytes], part: bytes) -> None:
    try:
        await asyncio.to_thread(content.write, part)
    except OSError as error:
        log.warning("no_room_for_upload", error=str(error))
        raise ObjectsUnavailable from None
