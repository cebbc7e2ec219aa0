"""The object store on `obstore`: a folder, or a bucket of S3 or of a server that speaks its protocol."""

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from chassis.telemetry import log
from kernel.objects import ObjectsUnavailable, StoredFile, Upload

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

T = TypeVar("T")

# Read at a time: each part is a request of its own, so that a slow reader holds no connection and needs no long deadline.
READ_BYTES: Final = 1_048_576
# S3 accepts no smaller parts of an upload, except the last. A smaller file is one request.
PART_BYTES: Final = 5 * 1_048_576
# Each holds one part in memory. Others wait, within the time of their requests.
PUTS_AT_A_TIME: Final = 4
CALL_SECONDS: Final = 8.0
# For each part of an upload, besides.
PART_SECONDS: Final = 8.0
_LISTED_AT_A_TIME: Final = 1000
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
# obstore writes a file under a temporary name of this form, and renames it when it is complete.
_FRAGMENT: Final = re.compile(r"[0-9a-f]{64}#\d+")

CLIENT: "Final[ClientConfig]" = {"connect_timeout": timedelta(seconds=2), "timeout": timedelta(seconds=CALL_SECONDS)}
RETRY: "Final[RetryConfig]" = {
    "max_retries": 2,
    "retry_timeout": timedelta(seconds=CALL_SECONDS),
    "backoff": {"init_backoff": timedelta(seconds=0.1), "max_backoff": timedelta(seconds=1), "base": 2},
}


class ObjectMissing(Exception):
    """A row names a file that the store does not have, or whose bytes are others."""


class ObjectStorage:
    """The ObjectStore of a service; `prefix` keeps its files apart from those of other services."""

    def __init__(self, store: LocalStore | S3Store, *, prefix: str, seconds: float = CALL_SECONDS) -> None:
        self._store = store
        self._prefix = prefix
        self._seconds = seconds
        self._puts = asyncio.Semaphore(PUTS_AT_A_TIME)

    async def put(self, upload: Upload) -> None:
        async with self._puts:
            await self._put(upload)

    async def open(self, file: StoredFile, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        until = file.size if end is None else end
        if start >= until:
            return _nothing()
        first = await self._read_part(file, start, until)
        return self._read_on(file, first, start, until)

    async def remove(self, digest: str) -> None:
        try:
            await self._within(self._seconds, obstore.delete_async(self._store, self._path(digest)))
        except FileNotFoundError:
            return

    async def stored(self) -> AsyncIterator[Sequence[str]]:
        try:
            async for metas in obstore.list(self._store, self._prefix, chunk_size=_LISTED_AT_A_TIME):
                names = (meta["path"].rpartition("/")[2] for meta in metas)
                yield [name for name in names if _DIGEST.fullmatch(name)]
        except (BaseError, OSError) as error:
            raise self._away(error) from None

    async def remove_fragments(self, *, before: datetime) -> int:
        # In a bucket, a lifecycle rule aborts incomplete uploads (docs/operations.md).
        folder = self._folder
        return await asyncio.to_thread(_remove_fragments, folder / self._prefix, before) if folder else 0

    async def ping(self) -> None:
        """Raise unless the store answers."""
        try:
            await self._within(self._seconds, obstore.head_async(self._store, f"{self._prefix}/ready"))
        except FileNotFoundError:
            return

    async def _put(self, upload: Upload) -> None:
        file = upload.file
        path = self._path(file.digest)
        if file.size <= PART_BYTES:
            content = await asyncio.to_thread(upload.read)
            await self._within(self._seconds, obstore.put_async(self._store, path, content, use_multipart=False))
        else:
            seconds = self._seconds + PART_SECONDS * (file.size / PART_BYTES)
            parts = upload.chunks()
            await self._within(
                seconds, obstore.put_async(self._store, path, parts, chunk_size=PART_BYTES, max_concurrency=1, use_multipart=True)
            )
        if folder := self._folder:
            await asyncio.to_thread(_sync, folder / path)

    @property
    def _folder(self) -> Path | None:
        return self._store.prefix if isinstance(self._store, LocalStore) else None

    def _path(self, digest: str) -> str:
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"{digest!r} is not a digest")
        # A folder of a million files would be slow.
        return f"{self._prefix}/{digest[:2]}/{digest}"

    async def _read_on(self, file: StoredFile, part: bytes, start: int, until: int) -> AsyncIterator[bytes]:
        is_whole = start == 0 and until == file.size
        digest, position = hashlib.sha256(), start
        while True:
            position += len(part)
            if is_whole:
                digest.update(part)
                # Before the last part, so that the reader does not get a complete response with other bytes.
                if position == until and digest.hexdigest() != file.digest:
                    raise ObjectMissing(f"{file.digest} has other bytes")
            yield part
            if position == until:
                return
            part = await self._read_part(file, position, until)

    async def _read_part(self, file: StoredFile, start: int, until: int) -> bytes:
        end = min(start + READ_BYTES, until)
        try:
            read = await self._within(
                self._seconds, obstore.get_range_async(self._store, self._path(file.digest), start=start, end=end)
            )
        except FileNotFoundError as error:
            raise ObjectMissing(file.digest) from error
        if len(read) != end - start:
            raise ObjectMissing(f"{file.digest} is shorter than {file.size} bytes")
        return bytes(read)

    async def _within(self, seconds: float, call: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(seconds):
                return await call
        except FileNotFoundError:
            raise
        except (BaseError, OSError, TimeoutError) as error:
            raise self._away(error) from None

    def _away(self, error: Exception) -> ObjectsUnavailable:
        log.warning("object_store_unavailable", error=type(error).__name__, detail=str(error)[:300])
        return ObjectsUnavailable()


async def _nothing() -> AsyncIterator[bytes]:
    parts: Sequence[bytes] = ()
    for part in parts:
        yield part


def _sync(path: Path) -> None:
    """Make a file survive a crash of the machine: its row may be committed next."""
    for each, flags in ((path, os.O_RDONLY), (path.parent, os.O_RDONLY | os.O_DIRECTORY)):
        descriptor = os.open(each, flags)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove_fragments(folder: Path, before: datetime) -> int:
    found = [
        path
        for path in folder.glob("??/*#*")
        if _FRAGMENT.fullmatch(path.name) and datetime.fromtimestamp(path.stat().st_mtime, UTC) < before
    ]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)
