"""Uploads and an object store for tests."""

import hashlib
import tempfile
from collections.abc import AsyncIterator
from functools import cache

from obstore.store import LocalStore

from chassis.objects.object_storage import ObjectStorage
from kernel.objects import StoredFile


class HeldUpload:
    """An upload in memory."""

    def __init__(self, content: bytes = b"", *, media_type: str = "text/csv", name: str | None = None) -> None:
        self.content = content
        digest = hashlib.sha256(content).hexdigest()
        self.file = StoredFile(digest=digest, size=len(content), media_type=media_type, name=name)

    async def chunks(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.content), 65_536):
            yield self.content[start : start + 65_536]

    def read(self) -> bytes:
        return self.content


@cache
def folder_of_worker() -> tempfile.TemporaryDirectory[str]:
    """Return the folder of this process's files, which is deleted with it."""
    return tempfile.TemporaryDirectory(prefix="elcorp-objects-")


def folder_store() -> ObjectStorage:
    return ObjectStorage(LocalStore(folder_of_worker().name), prefix="tests")
