"""Behaviour that only a real server with a raw connection or random input shows."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field
from structlog.testing import capture_logs

from chassis.rest import AmountText, Authenticated, Envelope, Public, RequestModel, Router, envelope
from chassis.run import uvicorn_server
from chassis.run.uvicorn_server import RestServer
from chassis.testing.running import eventually
from kernel.assurance import NONE
from kernel.money import Money
from kernel.reads import NOBODY

router = Router("/coins", assurance=NONE, reads=NOBODY)


class CoinRequest(RequestModel):
    name: Annotated[str, Field(max_length=10)]
    amount: AmountText
    sides: Annotated[int, Field(ge=0, le=10)] = 2
    marks: list[dict[str, Annotated[str, Field(max_length=5)]]] | None = None


@router.post("", dependencies=[Public])
async def mint_coin(body: CoinRequest) -> Envelope[str]:
    return envelope(str(Money.of(body.amount, "NAD")))


@router.post("/mine", dependencies=[Authenticated])
async def mint_mine(body: CoinRequest) -> Envelope[str]:
    return envelope(body.name)


@pytest.fixture
def app(make_app: Callable[..., FastAPI]) -> FastAPI:
    return make_app(router)


@pytest.fixture
async def server(app: FastAPI) -> AsyncIterator[RestServer]:
    server = RestServer(app, "127.0.0.1", 0, grace_seconds=1)
    await server.start(asyncio.Event())
    yield server
    await server.stop()


async def speak(server: RestServer, *requests: bytes) -> bytes:
    """Send requests on one connection, and return everything that is received."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    answer = b""
    for request in requests:
        writer.write(request)
        await writer.drain()
        answer += await reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().rpartition(b"content-length: ")[2].split(b"\r\n")[0])
        answer += await reader.readexactly(length)
    writer.close()
    return answer


JSON_POST = b"POST /api/v1/coins%s HTTP/1.1\r\nHost: things\r\nContent-Type: application/json\r\n"


async def test_a_huge_chunked_body_is_refused_on_the_wire(server: RestServer) -> None:
    chunk = b"1000\r\n" + b" " * 0x1000 + b"\r\n"
    answer = await speak(server, JSON_POST % b"" + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 4 + b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"VAL_003"' in answer


async def test_a_connection_stays_usable_after_a_refusal_before_the_body_was_read(server: RestServer) -> None:
    body = b" " * 9000
    request = JSON_POST % b"/mine" + b"Content-Length: %d\r\n\r\n" % len(body) + body
    answer = await speak(server, request, request)
    assert answer.count(b'"code":"AUTH_004"') == 2


async def test_an_unreadable_request_gets_an_error_like_any_other(server: RestServer) -> None:
    answer = await speak(server, b"no request\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    for header in (
        b"content-security-policy: ",
        b"x-content-type-options: nosniff",
        b"cache-control: no-store",
        b"x-request-id: ",
    ):
        assert header in head
    assert (json.loads(body)["code"], json.loads(body)["error"]) == ("VAL_001", "The request could not be read.")


async def test_an_unreadable_body_gets_an_error(server: RestServer) -> None:
    answer = await speak(server, JSON_POST % b"" + b"Transfer-Encoding: chunked\r\n\r\nno length\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_a_request_over_the_limit_gets_retry_after(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uvicorn_server, "CONNECTIONS_MAX", 1)
    server = RestServer(app, "127.0.0.1", 0, grace_seconds=1)
    await server.start(asyncio.Event())
    answer = await speak(server, b"GET /healthz HTTP/1.1\r\nHost: things\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: 2\r\n" in head
    assert (json.loads(body)["status"], json.loads(body)["code"]) == ("error", "SRV_002")
    await server.stop()


async def test_the_server_does_not_name_itself(server: RestServer) -> None:
    answer = await speak(server, b"GET /healthz HTTP/1.1\r\nHost: things\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nserver:" not in answer.lower()


async def test_the_date_of_responses_advances(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uvicorn_server, "TICK_SECONDS", 0.01)
    server = RestServer(app, "127.0.0.1", 0, grace_seconds=1)
    await server.start(asyncio.Event())

    async def date() -> bytes:
        answer = await speak(server, b"GET /healthz HTTP/1.1\r\nHost: things\r\n\r\n")
        return next(line for line in answer.split(b"\r\n") if line.lower().startswith(b"date: "))

    first = await date()

    async def is_later() -> bool:
        return await date() != first

    await eventually(is_later)
    await server.stop()


async def test_it_stops_when_asked_and_not_at_its_next_tick(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uvicorn_server, "TICK_SECONDS", 3600)
    server = RestServer(app, "127.0.0.1", 0, grace_seconds=1)
    await server.start(asyncio.Event())
    async with asyncio.timeout(60):
        await server.stop()
    assert not server.failed


async def test_a_client_that_disconnects_is_no_defect(app: FastAPI) -> None:
    sent: list[object] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/coins",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
    }
    with capture_logs() as lines:
        await app(scope, receive, send)
    assert sent == []
    assert [(line["event"], line["status"], line["outcome"]) for line in lines] == [("request", 499, "REQ_GONE")]


async def test_websockets_are_refused(app: FastAPI) -> None:
    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    await app({"type": "websocket", "path": "/api/v1/coins"}, None, send)  # type: ignore[arg-type]  # nothing is received
    assert [message["type"] for message in sent] == ["websocket.close"]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
NEAR_BODIES = st.fixed_dictionaries(
    {"name": st.text(max_size=12) | JSON_VALUES, "amount": st.from_regex(r"-?[0-9]{1,22}(\.[0-9]{1,9})?") | JSON_VALUES},
    optional={"sides": JSON_VALUES, "marks": JSON_VALUES, "other": JSON_VALUES},
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(body=st.binary(max_size=40) | (JSON_VALUES | NEAR_BODIES).map(lambda value: json.dumps(value).encode()))
def test_any_body_gets_a_valid_response(app: FastAPI, body: bytes) -> None:
    async def post() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://things") as client:
            return await client.post("/api/v1/coins", content=body, headers={"Content-Type": "application/json"})

    response = asyncio.run(post())
    assert response.status_code in {200, 422}
    assert response.json()["status"] == ("success" if response.status_code == 200 else "validation_error")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(
    path=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    query=st.text(st.characters(max_codepoint=255), max_size=20),
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]),
    header=st.binary(max_size=30),
)
def test_no_request_line_or_headers_cause_a_failure(app: FastAPI, path: str, query: str, method: str, header: bytes) -> None:
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    names = (
        b"authorization",
        b"x-request-id",
        b"traceparent",
        b"x-forwarded-for",
        b"user-agent",
        b"content-type",
        b"idempotency-key",
    )
    scope = {
        "type": "http",
        "method": method,
        "path": f"/api/v1/coins{path}",
        "query_string": query.encode("latin-1"),
        "headers": [(name, header) for name in names],
        "client": ("127.0.0.1", 1),
    }
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]  # see above
    status = sent[0]["status"]
    assert isinstance(status, int)
    assert status < 500
