"""A file is received with its limit, and is gone when its request is."""

import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chassis.objects.received_upload import PART_BYTES, FileTooLarge, received
from kernel.objects import ContentMismatch


class Arriving:
    """Counts the parts that were read."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = parts
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            self.read += 1
            yield part


@pytest.mark.parametrize("count", [0, 1, 11])
async def test_a_file_has_its_digest_and_size_and_can_be_read_twice(count: int) -> None:
    parts = [bytes([65 + number]) * 100_000 for number in range(count)]
    whole = b"".join(parts)
    async with received(Arriving(*parts), media_type="text/plain", bytes_max=len(whole), name="x.txt") as upload:
        assert (upload.file.digest, upload.file.size) == (hashlib.sha256(whole).hexdigest(), len(whole))
        assert (upload.file.media_type, upload.file.name) == ("text/plain", "x.txt")
        for _ in range(2):
            read = [part async for part in upload.chunks()]
            assert b"".join(read) == whole
            assert max(map(len, read), default=0) <= PART_BYTES
        assert upload.read() == whole


async def test_nothing_is_read_beyond_the_limit() -> None:
    arriving = Arriving(b"x" * 10, b"x", b"never read")
    with pytest.raises(FileTooLarge):
        async with received(arriving, media_type="text/plain", bytes_max=10):
            raise AssertionError("it was received")
    assert arriving.read == 2


async def test_nothing_is_read_after_the_first_wrong_byte() -> None:
    arriving = Arriving(b"a,b", b"\0", b"never read")
    with pytest.raises(ContentMismatch):
        async with received(arriving, media_type="text/csv", bytes_max=100):
            raise AssertionError("it was received")
    assert arriving.read == 2


async def test_a_file_has_no_name_that_would_outlive_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    async with received(Arriving(b"x" * 1_000_000), media_type="text/plain", bytes_max=1_000_000) as upload:
        assert os.listdir(tmp_path) == []  # noqa: PTH208
    with pytest.raises(ValueError, match="closed"):
        upload.read()
