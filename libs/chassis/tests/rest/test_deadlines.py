"""The time of a request, and of a streamed response."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from chassis.rest import Envelope, Public, Router, envelope
from chassis.rpc import remaining_seconds
from kernel.assurance import NONE
from kernel.reads import NOBODY

# Long enough for a request that waits for nothing, also on a busy machine.
REQUEST_SECONDS = 2.0
router = Router("/waits", assurance=NONE, reads=NOBODY)


@router.get("/forever", dependencies=[Public])
async def wait_forever() -> Envelope[bool]:
    await asyncio.Event().wait()
    return envelope(True)


@router.get("/longer", dependencies=[Public], seconds=3600)
async def get_remaining_seconds() -> Envelope[float]:
    """Longer than the app's other requests may take."""
    await asyncio.sleep(REQUEST_SECONDS + 0.1)
    return envelope(remaining_seconds() or 0)


@router.post("/upload", dependencies=[Public])
async def upload(request: Request) -> Envelope[int]:
    return envelope(len(await request.body()))


@router.get("/silence", dependencies=[Public], stream_seconds=3600)
async def stream_silence() -> StreamingResponse:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"."
        await asyncio.Event().wait()

    return StreamingResponse(chunks())


@router.get("/endless", dependencies=[Public], stream_seconds=0.2)
async def stream_endlessly() -> StreamingResponse:
    async def chunks() -> AsyncIterator[bytes]:
        while True:
            yield b"."
            await asyncio.sleep(0.01)

    return StreamingResponse(chunks())


@router.get("/undeclared", dependencies=[Public])
async def stream_undeclared() -> StreamingResponse:
    return StreamingResponse(iter([b"."]))


@pytest.fixture
def client(make_app: Callable[..., FastAPI], client_of: Callable[[FastAPI], httpx.AsyncClient]) -> httpx.AsyncClient:
    return client_of(make_app(router, request_seconds=REQUEST_SECONDS))


async def test_a_request_out_of_time_is_answered_and_may_be_repeated(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/waits/forever")
    assert (response.status_code, response.json()["code"]) == (503, "SRV_002")
    assert int(response.headers["Retry-After"]) > 0
    assert "Idempotency-Key" in response.json()["error"]


async def test_a_route_may_have_more_time_and_its_calls_to_peers_share_it(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/waits/longer")
    assert 0 < response.json()["data"] < 3600


async def test_a_body_may_arrive_slowly(client: httpx.AsyncClient) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"half "
        await asyncio.sleep(REQUEST_SECONDS + 0.1)
        yield b"and half"

    response = await client.post("/api/v1/waits/upload", content=body(), headers={"Content-Type": "application/octet-stream"})
    assert (response.status_code, response.json()["data"]) == (200, len("half and half"))


@pytest.mark.parametrize("path", ["silence", "endless"])
async def test_a_stream_that_is_silent_or_too_long_is_cut_off(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr("chassis.rest.deadlines.SILENCE_SECONDS", 0.2 if path == "silence" else 3600)
    # The client sees that the response is incomplete, because the server closes the connection in it.
    with pytest.raises(TimeoutError):
        await client.get(f"/api/v1/waits/{path}")


async def test_a_stream_without_a_declared_time_is_a_defect(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/waits/undeclared")).status_code == 500
