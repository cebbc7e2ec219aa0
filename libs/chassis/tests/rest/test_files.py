"""Operations that take a file as their body, and those that return one."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from chassis.objects.object_storage import ObjectMissing, ObjectStorage
from chassis.rest import Envelope, Public, Router, Takes, UploadedFile, attachment, envelope, file_response, route, uploads
from chassis.rest.byte_ranges import ByteRange, NotSatisfiable, range_of
from chassis.rest.deadlines import in_time
from chassis.rest.uploads import name_of
from chassis.testing.objects import HeldUpload, folder_store
from kernel.assurance import NONE
from kernel.objects import ObjectsUnavailable, ReadableFile, StoredFile
from kernel.reads import NOBODY

LIMIT = 200_000
CONTENT = b"line,of,text\n" * 10
ETAG = f'"{hashlib.sha256(CONTENT).hexdigest()}"'
CSV = {"Content-Type": "text/csv"}


class Unreadable(ObjectStorage):
    def __init__(self, error: Exception) -> None:
        self._error = error

    async def open(self, _file: StoredFile, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        raise self._error


@pytest.fixture
def client(make_app: Callable[..., FastAPI], client_of: Callable[[FastAPI], httpx.AsyncClient]) -> httpx.AsyncClient:
    router = Router("/files", assurance=NONE, reads=NOBODY)
    store, upload = folder_store(), HeldUpload(CONTENT)

    @router.post("", dependencies=[Public], takes=Takes(media_types=["text/csv", "application/pdf"], bytes_max=LIMIT))
    async def take_file(upload: UploadedFile) -> Envelope[dict[str, str | int | None]]:
        file = upload.file
        return envelope({"digest": file.digest, "size": file.size, "type": file.media_type, "name": file.name})

    @router.get("/stored", dependencies=[Public], stream_seconds=60)
    async def get_stored(request: Request) -> Response:
        await store.put(upload)
        return await file_response(request, ReadableFile(upload.file, store), name="a.csv")

    @router.get("/away", dependencies=[Public], stream_seconds=60)
    async def get_away(request: Request) -> Response:
        return await file_response(request, ReadableFile(upload.file, Unreadable(ObjectsUnavailable())), name="a")

    @router.get("/missing", dependencies=[Public], stream_seconds=60)
    async def get_missing(request: Request) -> Response:
        return await file_response(request, ReadableFile(upload.file, Unreadable(ObjectMissing("it"))), name="a")

    return client_of(make_app(router))


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_a_file_is_complete_before_its_operation_runs(client: httpx.AsyncClient) -> None:
    headers = {**CSV, "Content-Disposition": 'attachment; filename="C:\\\\wages\\\\march.csv"'}
    response = await client.post("/api/v1/files", content=pieces(CONTENT[:50], CONTENT[50:]), headers=headers)
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert response.json()["data"] == {"digest": digest, "size": len(CONTENT), "type": "text/csv", "name": "march.csv"}


async def test_a_file_may_have_its_limit_and_no_more(client: httpx.AsyncClient) -> None:
    for content in (b"x" * (LIMIT + 1), pieces(b"x" * LIMIT, b"x")):
        refused = await client.post("/api/v1/files", content=content, headers=CSV)
        assert (refused.status_code, refused.json()["code"]) == (413, "VAL_003")
    assert (await client.post("/api/v1/files", content=pieces(b"x" * LIMIT), headers=CSV)).json()["data"]["size"] == LIMIT


async def test_another_media_type_is_refused_before_the_body_is_read(client: httpx.AsyncClient) -> None:
    read: list[bytes] = []

    async def noted() -> AsyncIterator[bytes]:
        read.append(CONTENT)
        yield CONTENT

    refused = await client.post("/api/v1/files", content=noted(), headers={"Content-Type": "application/json"})
    assert (refused.status_code, read) == (422, [])
    [error] = refused.json()["errors"]
    assert error == {"field": "Content-Type", "message": "Expected application/pdf or text/csv, not 'application/json'."}


async def test_content_of_another_type_is_refused(client: httpx.AsyncClient) -> None:
    refused = await client.post("/api/v1/files", content=b"%PDF-1.7", headers=CSV)
    assert (refused.status_code, refused.json()["code"]) == (422, "VAL_005")


async def test_a_body_that_stalls_is_given_up(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "STALLED_SECONDS", 0.05)

    async def stalled() -> AsyncIterator[bytes]:
        yield b"a,b"
        await asyncio.Event().wait()

    refused = await client.post("/api/v1/files", content=stalled(), headers=CSV)
    assert (refused.status_code, refused.json()["code"]) == (408, "VAL_001")


async def test_the_time_of_a_request_begins_after_its_file(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []

    async def noted(seconds: float, call: Callable[[], Awaitable[Response]]) -> Response:
        events.append("time begins")
        return await in_time(seconds, call)

    async def arriving() -> AsyncIterator[bytes]:
        yield CONTENT
        events.append("arrived")

    monkeypatch.setattr(route, "in_time", noted)
    assert (await client.post("/api/v1/files", content=arriving(), headers=CSV)).status_code == 200
    assert events == ["arrived", "time begins"]


async def test_a_process_receives_a_limited_number_of_files_at_a_time(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "OPEN_MAX", 1)
    begun, release = asyncio.Event(), asyncio.Event()

    async def waiting() -> AsyncIterator[bytes]:
        yield b"a"
        begun.set()
        await release.wait()

    first = asyncio.create_task(client.post("/api/v1/files", content=waiting(), headers=CSV))
    await begun.wait()
    refused = await client.post("/api/v1/files", content=CONTENT, headers=CSV)
    assert (refused.status_code, refused.json()["code"]) == (503, "SRV_002")
    release.set()
    assert (await first).status_code == 200
    assert (await client.post("/api/v1/files", content=CONTENT, headers=CSV)).status_code == 200


def test_a_media_type_that_cannot_be_recognized_cannot_be_declared() -> None:
    with pytest.raises(ValueError, match="image/gif"):
        Takes(media_types=["image/gif"], bytes_max=1)


async def test_a_file_is_an_attachment_that_nothing_displays_or_keeps(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/files/stored")
    assert (response.status_code, response.content) == (200, CONTENT)
    expected = {
        "etag": ETAG,
        "accept-ranges": "bytes",
        "content-length": str(len(CONTENT)),
        "cache-control": "private, no-store",
        "content-disposition": 'attachment; filename="a.csv"',
        "x-content-type-options": "nosniff",
    }
    assert {name: response.headers[name] for name in expected} == expected
    policies = response.headers.get_list("content-security-policy")
    assert policies[0] == "sandbox"
    assert len(policies) == 2


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-3", 0, 4), ("bytes=5-", 5, None), ("bytes=-3", -3, None), ("bytes=0-99999", 0, None), ("Bytes = 2 - 4", 2, 5)],
)
async def test_a_range_is_returned_alone(client: httpx.AsyncClient, asked: str, start: int, end: int | None) -> None:
    response = await client.get("/api/v1/files/stored", headers={"Range": asked})
    part = CONTENT[start:end]
    first = CONTENT.index(part) if start < 0 else start
    assert (response.status_code, response.content) == (206, part)
    assert (
        response.headers["content-range"] == f"bytes {len(CONTENT) - 3 if start < 0 else first}-{(end or len(CONTENT)) - 1}/130"
    )
    assert response.headers["content-length"] == str(len(part))
    assert response.headers["etag"] == ETAG


@pytest.mark.parametrize("asked", ["bytes=130-", "bytes=-0", "bytes=500-600"])
async def test_a_range_without_a_byte_is_not_satisfiable(client: httpx.AsyncClient, asked: str) -> None:
    response = await client.get("/api/v1/files/stored", headers={"Range": asked})
    assert (response.status_code, response.content, response.headers["content-range"]) == (416, b"", "bytes */130")


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,3-4", "lines=0-1", "bytes=", "bytes=-", "bytes=4-2", "bytes=x-y", f"bytes={'9' * 30}-"]
)
async def test_a_field_that_is_no_single_range_is_ignored(client: httpx.AsyncClient, asked: str) -> None:
    response = await client.get("/api/v1/files/stored", headers={"Range": asked})
    assert (response.status_code, response.content) == (200, CONTENT)


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"If-Range": ETAG}, 206),
        ({"If-Range": '"another"'}, 200),
        ({"If-Range": f"W/{ETAG}"}, 200),
        ({"If-Range": "Wed, 21 Oct 2026 07:28:00 GMT"}, 200),
        ({"If-None-Match": ETAG}, 304),
        ({"If-None-Match": '"another"'}, 206),
        ({"If-Match": ETAG}, 206),
        ({"If-Match": '"another"'}, 412),
    ],
    ids=str,
)
async def test_conditions_come_before_the_range(client: httpx.AsyncClient, condition: dict[str, str], status: int) -> None:
    response = await client.get("/api/v1/files/stored", headers={"Range": "bytes=0-3", **condition})
    assert response.status_code == status


async def test_head_has_the_headers_of_the_whole_file(client: httpx.AsyncClient) -> None:
    response = await client.head("/api/v1/files/stored", headers={"Range": "bytes=0-3"})
    assert (response.status_code, response.content) == (200, b"")
    assert (response.headers["content-length"], response.headers["etag"]) == ("130", ETAG)


async def test_a_file_that_cannot_be_read_is_an_error_before_the_response_begins(client: httpx.AsyncClient) -> None:
    away = await client.get("/api/v1/files/away")
    assert (away.status_code, away.json()["code"]) == (503, "SRV_002")
    assert int(away.headers["retry-after"]) > 0
    missing = await client.get("/api/v1/files/missing")
    assert (missing.status_code, missing.json()["code"]) == (500, "SRV_001")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a b.csv", 'attachment; filename="a b.csv"'),
        (
            'a".csv\r\nSet-Cookie: x=1',
            "attachment; filename=\"a_.csv__Set-Cookie_ x_1\"; filename*=UTF-8''a%22.csv%0D%0ASet-Cookie%3A%20x%3D1",
        ),
        ("\u00e9.csv", "attachment; filename=\"_.csv\"; filename*=UTF-8''%C3%A9.csv"),
        ("..", "attachment; filename=\"file\"; filename*=UTF-8''.."),
    ],
    ids=ascii,
)
def test_a_name_cannot_add_a_header(name: str, expected: str) -> None:
    assert attachment(name) == expected
    assert attachment(name).isascii()


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("", None),
        ("attachment", None),
        ('attachment; filename="a;b.csv"', "a;b.csv"),
        ("attachment; filename=plain.csv; size=1", "plain.csv"),
        ("attachment; filename=\"_.csv\"; filename*=UTF-8''%c3%a9.csv", "\u00e9.csv"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename=".."', None),
        ("attachment; filename*=utf-8'en'a%0D%0Ab", None),
        ("attachment; filename*=utf-8''%E2%80%AEcod.exe", None),
        (f'attachment; filename="{"x" * 256}"', None),
        ("attachment; filename*=utf-8''%ff.csv", "\ufffd.csv"),
        ('attachment; xfilename="q.csv"', None),
        # Raw UTF-8, and raw Latin-1, as the server reads them.
        ('attachment; filename="m\u00c3\u00a4rz.csv"', "m\u00e4rz.csv"),
        ('attachment; filename="m\u00e4rz.csv"', "m\u00e4rz.csv"),
    ],
    ids=ascii,
)
def test_the_senders_name_for_a_file(field: str, name: str | None) -> None:
    assert name_of(field) == name


def test_ranges_at_the_edges() -> None:
    assert range_of("bytes=0-0", 1) == ByteRange(0, 1)
    assert range_of("bytes=-5", 3) == ByteRange(0, 3)
    assert range_of(None, 3) is None
    for field in ("bytes=0-", "bytes=-1"):
        with pytest.raises(NotSatisfiable):
            range_of(field, 0)
