"""What every format has: a writer that returns what it wrote of some rows, and the loop that passes rows to it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Final, Protocol, TypeVar

from chassis.files.table import Row, Table

Written_contra = TypeVar("Written_contra", contravariant=True)
# Writing a row takes 20 to 50 µs and blocks the process, so other requests get their turn after these.
_ROWS_A_STEP: Final = 100


class Writer(Protocol[Written_contra]):
    """Each method returns the bytes that are ready, which may be none."""

    def begin(self) -> bytes: ...

    def rows(self, rows: Sequence[Written_contra], /) -> bytes: ...

    def end(self) -> bytes: ...

    def close(self) -> None:
        """Release what is open, also of a file that was not ended."""


class Sink:
    """A write-only file in memory. `take` returns and clears what was written since the last call."""

    closed = False

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def write(self, data: bytes) -> int:
        chunk = bytes(data)
        self._chunks.append(chunk)
        return len(chunk)

    def flush(self) -> None:
        """Do nothing: there is no buffer."""

    def take(self) -> bytes:
        taken, self._chunks = self._chunks, []
        return b"".join(taken)


async def write_table(table: Table[Row], writer: Writer[Row]) -> AsyncIterator[bytes]:
    """Yield the file in chunks, about one per batch. One batch is in memory, and nothing is on disk."""
    batches = aiter(table.batches)
    try:
        yield writer.begin()
        async for batch in batches:
            chunks = []
            for start in range(0, len(batch), _ROWS_A_STEP):
                chunks.append(writer.rows(batch[start : start + _ROWS_A_STEP]))
                await asyncio.sleep(0)
            if chunk := b"".join(chunks):
                yield chunk
        yield writer.end()
    finally:
        writer.close()
        # A client that leaves must not leave a read open until the generator is collected.
        if isinstance(batches, AsyncGenerator):
            await batches.aclose()
