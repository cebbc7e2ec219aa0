"""The object store, on a folder and on a bucket: each file is there whole and once, or not at all."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chassis.objects.object_storage import PART_BYTES, PUTS_AT_A_TIME, READ_BYTES, ObjectMissing, ObjectStorage
from chassis.testing.objects import HeldUpload
from chassis.testing.running import eventually, free_port
from kernel.objects import ObjectsUnavailable, StoredFile
from libs.chassis.tests.objects.stores import Others, bucket, folder

# In two parts of an upload, and in six reads.
LARGE = bytes(range(256)) * (PART_BYTES // 256) + b"the end"


async def read(store: ObjectStorage, file: StoredFile, *, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([part async for part in await store.open(file, start=start, end=end)])


async def digests(store: ObjectStorage) -> list[str]:
    return [digest async for some in store.stored() for digest in some]


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("content", [b"", b"x", LARGE], ids=["empty", "short", "large"])
async def test_a_file_is_read_as_it_was_stored(store: ObjectStorage, content: bytes) -> None:
    upload = HeldUpload(content)
    await store.put(upload)
    assert await read(store, upload.file) == content
    assert await digests(store) == [upload.file.digest]


async def test_the_same_bytes_are_one_file(store: ObjectStorage) -> None:
    upload = HeldUpload(b"twice")
    await asyncio.gather(store.put(upload), store.put(upload), store.put(HeldUpload(b"once")))
    assert sorted(await digests(store)) == sorted([upload.file.digest, HeldUpload(b"once").file.digest])


@pytest.mark.parametrize(
    ("start", "end"), [(0, 1), (3, 9), (READ_BYTES - 1, READ_BYTES + 1), (len(LARGE) - 7, None), (len(LARGE), None), (5, 5)]
)
async def test_a_part_of_a_file(store: ObjectStorage, start: int, end: int | None) -> None:
    upload = HeldUpload(LARGE)
    await store.put(upload)
    assert await read(store, upload.file, start=start, end=end) == LARGE[start:end]


async def test_a_reader_holds_one_part_at_a_time(store: ObjectStorage) -> None:
    upload = HeldUpload(LARGE)
    await store.put(upload)
    parts = [len(part) async for part in await store.open(upload.file)]
    assert max(parts) == READ_BYTES
    assert len(parts) == 6


async def test_a_removed_file_cannot_be_opened_and_may_be_removed_again(store: ObjectStorage) -> None:
    upload = HeldUpload(b"gone")
    await store.put(upload)
    for _ in range(2):
        await store.remove(upload.file.digest)
    assert await digests(store) == []
    with pytest.raises(ObjectMissing):
        await store.open(upload.file)


async def test_an_upload_that_breaks_off_leaves_no_file(store: ObjectStorage) -> None:
    class Broken(HeldUpload):
        async def chunks(self) -> AsyncIterator[bytes]:
            yield LARGE[: PART_BYTES + 1]
            raise OSError("the temporary file is gone")

    with pytest.raises(ObjectsUnavailable):
        await store.put(Broken(LARGE))
    assert await digests(store) == []


async def test_a_few_files_are_stored_at_a_time(store: ObjectStorage) -> None:
    begun: list[int] = []
    release = asyncio.Event()

    class Waiting(HeldUpload):
        async def chunks(self) -> AsyncIterator[bytes]:
            begun.append(self.file.size)
            await release.wait()
            yield self.content

    uploads = [Waiting(LARGE + bytes(number)) for number in range(PUTS_AT_A_TIME + 2)]
    puts = [asyncio.create_task(store.put(upload)) for upload in uploads]
    await eventually(lambda: len(begun), PUTS_AT_A_TIME)
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(begun) == PUTS_AT_A_TIME
    release.set()
    await asyncio.gather(*puts)
    assert len(await digests(store)) == len(uploads)


async def test_services_do_not_see_each_others_files(s3_url: str) -> None:
    ours, theirs = bucket(s3_url, "shared"), bucket(s3_url, "shared", Others)
    await ours.put(HeldUpload(b"ours"))
    assert await digests(theirs) == []
    await theirs.remove(HeldUpload(b"ours").file.digest)
    assert await digests(ours) == [HeldUpload(b"ours").file.digest]


async def test_other_bytes_under_a_digest_are_not_returned_whole(tmp_path: Path) -> None:
    store, upload = folder(tmp_path), HeldUpload(LARGE)
    await store.put(upload)
    [path] = files_of(tmp_path)
    path.write_bytes(LARGE[:-1] + b"!")
    received = b""
    with pytest.raises(ObjectMissing):
        async for part in await store.open(upload.file):
            received += part
    assert len(received) < len(LARGE)
    path.write_bytes(LARGE[:10])
    with pytest.raises(ObjectMissing):
        await store.open(upload.file)


async def test_what_a_killed_writer_left_is_no_file_and_is_removed_later(tmp_path: Path) -> None:
    store, upload = folder(tmp_path), HeldUpload(b"whole")
    await store.put(upload)
    [path] = files_of(tmp_path)
    left = path.with_name(f"{path.name}#1")
    left.write_bytes(b"ha")
    assert await digests(store) == [upload.file.digest]
    now = datetime.now(UTC)
    os.utime(left, (now.timestamp() - 60, now.timestamp() - 60))
    assert await store.remove_fragments(before=now - timedelta(seconds=90)) == 0
    assert await store.remove_fragments(before=now - timedelta(seconds=30)) == 1
    assert not left.exists()
    assert await read(store, upload.file) == b"whole"


async def test_a_server_that_is_away_is_reported_as_unavailable() -> None:
    store, upload = bucket(f"http://127.0.0.1:{free_port()}", "x"), HeldUpload(b"x")
    with pytest.raises(ObjectsUnavailable):
        await store.put(upload)
    with pytest.raises(ObjectsUnavailable):
        await store.open(upload.file)
    with pytest.raises(ObjectsUnavailable):
        await store.remove(upload.file.digest)
    with pytest.raises(ObjectsUnavailable):
        await digests(store)
    with pytest.raises(ObjectsUnavailable):
        await store.ping()


async def test_a_server_that_is_silent_has_a_deadline() -> None:
    # It accepts connections, and nobody reads from them.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        configured = bucket(f"http://127.0.0.1:{silent.getsockname()[1]}", "x")
        store = ObjectStorage(configured._store, prefix="x", seconds=0.05)  # the same client, with less patience
        with pytest.raises(ObjectsUnavailable):
            await store.put(HeldUpload(b"x"))
        with pytest.raises(ObjectsUnavailable):
            await store.ping()


async def test_a_store_that_answers_is_ready(store: ObjectStorage) -> None:
    await store.ping()


def test_a_path_is_made_of_digests_only(store: ObjectStorage) -> None:
    with pytest.raises(ValueError, match="not a digest"):
        store._path("../../etc/passwd")  # nothing else must reach it
