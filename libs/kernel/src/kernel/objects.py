"""Files: an upload while its request runs, and the object store that keeps files under the digest of their bytes."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from kernel.errors import InvalidValue, Unavailable


class ContentMismatch(InvalidValue):
    """The content is not of the media type in Content-Type."""

    code: ClassVar[str] = "VAL_005"
    disclosed: ClassVar[tuple[str, ...]] = ("expected",)


class MalwareFound(InvalidValue):
    """The file contains malware and is refused."""

    code: ClassVar[str] = "VAL_006"

    def __init__(self, *, digest: str) -> None:
        super().__init__(field="body", digest=digest)


class ObjectsUnavailable(Unavailable):
    """Files cannot be stored or read now; retry later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """What a row knows of its file. `digest` is the SHA-256 of its bytes in hexadecimal; `name` is the sender's."""

    digest: str
    size: int
    media_type: str
    name: str | None = None


class Upload(Protocol):
    """A received file: complete, of an allowed media type and size, and kept only until its request ends."""

    @property
    def file(self) -> StoredFile: ...

    def chunks(self) -> AsyncIterator[bytes]:
        """Read it from the beginning, a part at a time."""

    def read(self) -> bytes:
        """Read it whole. This blocks: call it on a thread, and only where the limit of its size is small."""


class ObjectStore(Protocol):
    """Keeps each file once, under its digest. A file that is there is complete. Calls raise ObjectsUnavailable."""

    async def put(self, upload: Upload, /) -> None:
        """Store a file. Storing the same bytes again changes nothing."""

    async def open(self, file: StoredFile, /, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Read a stored file's bytes from `start` to before `end`. Raises before the first byte if it cannot be read."""

    async def remove(self, digest: str, /) -> None:
        """Remove a file. It need not exist."""

    def stored(self) -> AsyncIterator[Sequence[str]]:
        """List the digests of all files, some at a time."""

    async def remove_fragments(self, *, before: datetime) -> int:
        """Remove what writers that were killed before this time left behind. Return how many fragments there were."""


@dataclass(frozen=True, slots=True)
class ReadableFile:
    """A file that a caller may read, with the store that has it."""

    file: StoredFile
    store: ObjectStore

    async def open(self, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """As ObjectStore.open."""
        return await self.store.open(self.file, start=start, end=end)


class ObjectClaims(Protocol):
    """The record of which files the store may hold, so that a file is never removed while a request is about to refer to it."""

    async def claim(self, file: StoredFile, /, *, at: datetime) -> None:
        """Record that a file is about to be stored and referred to. Raises ObjectsUnavailable while it is being removed."""

    async def take_unused(self, *, claimed_before: datetime, limit: int) -> Sequence[str]:
        """Mark files to be removed, which nothing refers to and nobody has claimed since; return them and those marked before."""

    async def forget(self, digest: str, /) -> None:
        """Delete the record of a file that has been removed."""


class Scanner(Protocol):
    async def find_malware(self, upload: Upload, /) -> str | None:
        """Return the name of the malware in a file, None if it has none. Raises ObjectsUnavailable if it cannot be scanned."""

    async def ping(self) -> None:
        """Raise ObjectsUnavailable if no file can be scanned now."""


class NoScanner:
    """Where no scanner is configured."""

    async def find_malware(self, _upload: Upload, /) -> str | None:
        return None

    async def ping(self) -> None:
        return
