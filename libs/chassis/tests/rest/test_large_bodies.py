"""One path may accept larger bodies than the service's others; no other path does."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from fastapi import FastAPI, Request

from chassis.rest import Envelope, Public, Router, envelope
from kernel.assurance import NONE
from kernel.reads import NOBODY

LIMIT = 10_000  # the limit of the fixtures' apps
LARGER = 30_000


class Received:
    def __init__(self) -> None:
        self.lengths: list[int] = []


@pytest.fixture
def received() -> Received:
    return Received()


@pytest.fixture
def client(
    make_app: Callable[..., FastAPI], client_of: Callable[[FastAPI], httpx.AsyncClient], received: Received
) -> httpx.AsyncClient:
    router = Router("/files", assurance=NONE, reads=NOBODY)

    async def receive(request: Request) -> Envelope[int]:
        received.lengths.append(len(await request.body()))
        return envelope(received.lengths[-1])

    router.post("", dependencies=[Public], body_bytes_max=LARGER, name="receive_file")(receive)
    for number, path in enumerate(("/copy", "/{name}/parts", "s")):
        router.post(path, dependencies=[Public], name=f"receive_{number}")(receive)
    return client_of(make_app(router))


async def pieces(length: int) -> AsyncIterator[bytes]:
    for _ in range(length // 1000):
        yield b"x" * 1000
    yield b"x" * (length % 1000)


@pytest.mark.parametrize(
    ("path", "limit"), [("/files", LARGER), ("/files/copy", LIMIT), ("/files/1/parts", LIMIT), ("/filess", LIMIT)]
)
async def test_a_larger_body_is_accepted_only_on_the_path_that_allows_it(
    client: httpx.AsyncClient, received: Received, path: str, limit: int
) -> None:
    for content in (b"x" * (limit + 1), pieces(limit + 1)):
        refused = await client.post(f"/api/v1{path}", content=content)
        assert (refused.status_code, refused.json()["code"]) == (413, "VAL_003")
    assert received.lengths == []
    for content in (b"x" * limit, pieces(limit)):
        taken = await client.post(f"/api/v1{path}", content=content)
        assert (taken.status_code, taken.json()["data"]) == (200, limit)
    assert received.lengths == [limit, limit]


def test_a_path_with_parameters_cannot_allow_larger_bodies() -> None:
    async def receive(name: str) -> Envelope[int]:
        return envelope(0)

    with pytest.raises(ValueError, match="body_bytes_max needs a path without parameters"):
        Router("/files").post("/{name}", dependencies=[Public], body_bytes_max=LARGER)(receive)
