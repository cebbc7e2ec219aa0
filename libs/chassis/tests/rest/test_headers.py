"""The headers of every kind of response, compared whole: none is missing, repeated or discloses too much."""

from collections.abc import Callable
from typing import Annotated, ClassVar

import httpx
import pytest
from fastapi import FastAPI, Response
from pydantic import Field

from chassis.persistence.idempotency_scope import RequestInProgress
from chassis.rest import Authenticated, Envelope, PageOf, Paging, Public, RequestModel, Requires, Router, envelope, page_of
from chassis.testing.tokens import TokenForge
from kernel.assurance import NONE
from kernel.errors import AccessDenied, AlreadyExists, DomainError, InvalidValue, Kind, NotFound, StaleVersion, Unavailable
from kernel.pages import Page
from kernel.reads import NOBODY

# Written out: an imported list would follow any change to the product.
SECURITY = {
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
JSON = {"content-type": "application/json", "cache-control": "no-store"}

router = Router("/boxes", assurance=NONE, reads=NOBODY)


class BoxRequest(RequestModel):
    size: Annotated[int, Field(ge=1)]


class Exhausted(DomainError):
    """Too often."""

    kind: ClassVar[Kind] = Kind.EXHAUSTED
    code: ClassVar[str] = "RATE_001"


class ExhaustedFor(Exhausted):
    """Too many requests; retry after some seconds."""

    def __init__(self, seconds: float) -> None:
        self.retry_after_seconds = seconds
        super().__init__()


class Refused(DomainError):
    """Refused."""

    kind: ClassVar[Kind] = Kind.REFUSED
    code: ClassVar[str] = "RES_003"


class Unauthenticated(DomainError):
    """Not signed in."""

    kind: ClassVar[Kind] = Kind.UNAUTHENTICATED
    code: ClassVar[str] = "AUTH_001"


class Away(DomainError):
    """A dependency is away for an unknown time."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    code: ClassVar[str] = "SRV_002"


FAILURES: dict[str, tuple[Exception, int, dict[str, str]]] = {
    "busy": (Exhausted(), 429, {"retry-after": "1"}),
    "busy for long": (ExhaustedFor(3600), 429, {"retry-after": "3600"}),
    "busy for a moment": (ExhaustedFor(0.2), 429, {"retry-after": "1"}),
    "away": (Unavailable(), 503, {"retry-after": "2"}),
    "away for long": (Unavailable(retry_after_seconds=7), 503, {"retry-after": "7"}),
    "away for nobody knows how long": (Away(), 503, {"retry-after": "1"}),
    "refused by a peer": (ConnectionRefusedError("connect to 10.1.2.3:5432"), 503, {"retry-after": "2"}),
    "in progress": (RequestInProgress(), 409, {"retry-after": "1"}),
    "unauthenticated": (Unauthenticated(), 401, {"www-authenticate": "Bearer"}),
    "invalid": (InvalidValue(), 422, {}),
    "denied": (AccessDenied(), 403, {}),
    "missing": (NotFound(), 404, {}),
    "twice": (AlreadyExists(), 409, {}),
    "refused": (Refused(), 409, {}),
    "stale": (StaleVersion(), 412, {}),
    "broken": (RuntimeError("SELECT secret"), 500, {}),
}


@router.get("", dependencies=[Public])
async def list_boxes(paging: Paging) -> Envelope[PageOf[int]]:
    return page_of(Page([1], paging.page, paging.per_page, 41), lambda number: number)


@router.get("/kept", dependencies=[Public])
async def kept_box(response: Response) -> Envelope[int]:
    response.headers["cache-control"] = "max-age=60"
    return envelope(1)


@router.get("/failures/{name}", dependencies=[Public])
async def fail(name: str) -> Envelope[int]:
    raise FAILURES[name][0]


@router.post("", status_code=201, dependencies=[Requires("payment:create")])
async def make_box(body: BoxRequest) -> Envelope[int]:
    return envelope(body.size)


@router.delete("/{number}", status_code=204, dependencies=[Authenticated])
async def drop_box(number: int) -> Response:
    return Response(status_code=204)


@pytest.fixture
def client(make_app: Callable[..., FastAPI], client_of: Callable[[FastAPI], httpx.AsyncClient]) -> httpx.AsyncClient:
    return client_of(make_app(router))


def own(response: httpx.Response) -> tuple[int, dict[str, str]]:
    """Return the status and the headers that not every response has; check those that every response must have."""
    headers = dict(response.headers.multi_items())
    assert len(headers) == len(response.headers.multi_items()), "a header is repeated"
    assert {name: headers.pop(name, None) for name in SECURITY} == SECURITY
    assert headers.pop("x-request-id")
    assert int(headers.pop("content-length", "0")) == len(response.content)
    return response.status_code, headers


@pytest.mark.parametrize("name", FAILURES)
async def test_retry_after_is_sent_only_if_a_retry_may_succeed(client: httpx.AsyncClient, name: str) -> None:
    _, status, more = FAILURES[name]
    assert own(await client.get(f"/api/v1/boxes/failures/{name}")) == (status, JSON | more)


async def test_a_response_has_only_its_own_headers_and_those_of_every_response(
    client: httpx.AsyncClient, forge: TokenForge
) -> None:
    links = {
        "link": ", ".join(
            f'</api/v1/boxes?page={page}&per_page=20>; rel="{name}"' for name, page in (("first", 1), ("last", 3), ("next", 2))
        )
    }
    assert own(await client.get("/api/v1/boxes")) == (200, JSON | links)
    assert own(await client.get("/api/v1/boxes/kept")) == (200, JSON | {"cache-control": "max-age=60"})
    made = await client.post("/api/v1/boxes", json={"size": 1}, headers=forge.headers())
    assert own(made) == (201, JSON)
    dropped = await client.delete("/api/v1/boxes/1", headers=forge.headers())
    assert own(dropped) == (204, {"cache-control": "no-store"})


async def test_a_refusal_has_only_its_own_headers_and_those_of_every_response(
    client: httpx.AsyncClient, forge: TokenForge
) -> None:
    async def post(content: bytes = b'{"size": 1}', /, **headers: str) -> tuple[int, dict[str, str]]:
        given = {"Content-Type": "application/json", **headers}
        return own(await client.post("/api/v1/boxes", content=content, headers=given))

    signed_in, guest = forge.headers(), forge.headers(roles=("guest",))
    bearer = {"www-authenticate": "Bearer"}
    assert await post() == (401, JSON | bearer)
    assert await post(Authorization="Bearer x") == (401, JSON | bearer)
    assert await post(**guest) == (403, JSON)
    assert await post(b'{"size": 0}', **signed_in) == (422, JSON)
    assert await post(b"{", **signed_in) == (422, JSON)
    assert await post(b" " * 10_001, **signed_in) == (413, JSON)
    assert await post(**{**signed_in, "Content-Type": "text/plain"}) == (415, JSON)
    assert own(await client.get("/api/v1/nothing")) == (404, JSON)
    assert own(await client.put("/api/v1/boxes")) == (405, JSON | {"allow": "GET, HEAD, POST"})
    assert own(await client.options("/api/v1/boxes")) == (405, JSON | {"allow": "GET, HEAD, POST"})


async def test_responses_to_machines_have_the_headers_of_every_response(client: httpx.AsyncClient) -> None:
    assert own(await client.get("/healthz")) == (200, JSON)
    assert own(await client.get("/openapi.json")) == (200, JSON)
