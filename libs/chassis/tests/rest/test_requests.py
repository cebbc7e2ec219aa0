"""What a client may send, and what it is told when it may not."""

from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import httpx
import orjson
import pytest
from fastapi import Depends, FastAPI, Request
from pydantic import Field

from chassis.persistence.idempotency_scope import RequestInProgress
from chassis.rest import (
    AmountText,
    CurrentActor,
    Envelope,
    Public,
    RequestModel,
    Requires,
    Router,
    envelope,
)
from chassis.testing.tokens import TokenForge
from kernel.assurance import NONE
from kernel.errors import (
    AccessDenied,
    AlreadyExists,
    DomainError,
    Fault,
    InvalidValue,
    InvalidValues,
    KeyReused,
    Kind,
    NotFound,
    StaleVersion,
    Unavailable,
)
from kernel.ids import new_id
from kernel.money import Money
from kernel.reads import NOBODY

router = Router("/things", tags=["things"], assurance=NONE, reads=NOBODY)


class Colour(StrEnum):
    RED = "red"


class Part(RequestModel):
    label: Annotated[str, Field(max_length=5)]


class ThingRequest(RequestModel):
    name: Annotated[str, Field(max_length=10)]
    owner_id: UUID
    amount: AmountText = "1.00"
    count: Annotated[int, Field(ge=0, le=10)] = 0
    heavy: bool = False
    colour: Colour = Colour.RED
    parts: tuple[Part, ...] = ()
    note: str = ""


def application(request: Request) -> object:
    return request.app.state.application


@router.post("", status_code=201, dependencies=[Requires("payment:create")])
async def make_thing(
    body: ThingRequest, actor: CurrentActor, app: Annotated[object, Depends(application)]
) -> Envelope[dict[str, str]]:
    assert app is not None
    Money.of(body.amount, "NAD")
    return envelope({"name": body.name, "by": actor.subject_id})


@router.get("/{thing_id}", dependencies=[Public])
async def get_thing(thing_id: str, actor: CurrentActor, size: Annotated[int, Field(ge=1)] = 1) -> Envelope[dict[str, str]]:
    if thing_id in FAILURES:
        raise FAILURES[thing_id]
    return envelope({"id": thing_id, "size": str(size), "ip": actor.ip, "agent": actor.user_agent})


@router.post("/many", dependencies=[Public], body_bytes_max=20_000)
async def make_many(body: Part) -> Envelope[str]:
    return envelope(body.label)


@router.post("/few", dependencies=[Public])
async def make_few(body: Part) -> Envelope[str]:
    return envelope(body.label)


@router.put("/{thing_id}", dependencies=[Public])
async def put_thing(thing_id: str) -> Envelope[str]:
    return envelope(thing_id)


class TooOften(DomainError):
    """Too often."""

    kind = Kind.EXHAUSTED
    code = "RATE_001"


class TooOftenForAMinute(TooOften):
    """Too often for a minute."""

    retry_after_seconds = 60


FAILURES: dict[str, Exception] = {
    "missing": NotFound(thing="missing"),
    "twice": AlreadyExists(),
    "stale": StaleVersion(),
    "away": Unavailable(retry_after_seconds=7, host="db-7.internal"),
    "refused": ConnectionRefusedError("connect to 10.1.2.3:5432"),
    "broken": RuntimeError("SELECT secret FROM users"),
    "often": TooOften(),
    "often for a minute": TooOftenForAMinute(),
    "denied": AccessDenied(),
    "invalid": InvalidValue(),
    "in progress": RequestInProgress(),
}


@pytest.fixture
def app(make_app: Callable[..., FastAPI]) -> FastAPI:
    return make_app(router)


@pytest.fixture
async def client(app: FastAPI, client_of: Callable[[FastAPI], httpx.AsyncClient]) -> httpx.AsyncClient:
    return client_of(app)


GOOD = {"name": "door", "owner_id": str(new_id())}


async def test_an_answer_wears_the_envelope_and_the_security_headers(client: httpx.AsyncClient, forge: TokenForge) -> None:
    subject = new_id()
    response = await client.post("/api/v1/things", json=GOOD, headers=forge.headers(subject))
    assert response.status_code == 201
    assert response.json() == {
        "status": "success",
        "data": {"name": "door", "by": str(subject)},
        "timestamp": response.json()["timestamp"],
    }
    assert response.json()["timestamp"].endswith("Z")
    assert "server" not in response.headers


SECURITY_HEADERS = {
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
ANSWERS = {
    "success": ("GET", "/api/v1/things/a", 200),
    "unauthenticated": ("POST", "/api/v1/things", 401),
    "not found": ("GET", "/api/v1/things/missing", 404),
    "no such path": ("GET", "/nothing", 404),
    "wrong method": ("DELETE", "/api/v1/things/a", 405),
    "invalid": ("GET", "/api/v1/things/a?size=0", 422),
    "away": ("GET", "/api/v1/things/away", 503),
    "defect": ("GET", "/api/v1/things/broken", 500),
    "alive": ("GET", "/healthz", 200),
    "document": ("GET", "/openapi.json", 200),
}


@pytest.mark.parametrize("case", ANSWERS)
async def test_every_kind_of_answer_wears_the_security_headers_once(client: httpx.AsyncClient, case: str) -> None:
    method, path, status = ANSWERS[case]
    response = await client.request(method, path)
    assert response.status_code == status
    worn = [(name, value) for name, value in response.headers.multi_items() if name in SECURITY_HEADERS]
    assert sorted(worn) == sorted(SECURITY_HEADERS.items())


@pytest.mark.parametrize(
    ("thing", "status", "seconds"),
    [
        ("away", 503, "7"),
        ("refused", 503, "2"),
        ("often", 429, "1"),
        ("often for a minute", 429, "60"),
        ("in progress", 409, "1"),
        ("twice", 409, None),
        ("stale", 412, None),
        ("missing", 404, None),
        ("denied", 403, None),
        ("invalid", 422, None),
        ("broken", 500, None),
        ("a", 200, None),
    ],
)
async def test_an_answer_tells_when_to_try_again_only_where_waiting_helps(
    client: httpx.AsyncClient, thing: str, status: int, seconds: str | None
) -> None:
    response = await client.get(f"/api/v1/things/{thing}")
    assert (response.status_code, response.headers.get("retry-after")) == (status, seconds)


async def test_a_request_id_is_echoed_when_it_is_one(client: httpx.AsyncClient) -> None:
    kept = await client.get("/api/v1/things/a", headers={"X-Request-Id": "0195b0a0-7c1e-7b43"})
    replaced = await client.get("/api/v1/things/missing", headers={"X-Request-Id": "bad\tid<script>"})
    assert kept.headers["x-request-id"] == "0195b0a0-7c1e-7b43"
    assert UUID(replaced.headers["x-request-id"])
    assert replaced.json()["request_id"] == replaced.headers["x-request-id"]


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("x" * 7, False),
        ("x" * 8, True),
        ("0f-client.request_1", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("with space", False),
        ("", False),
    ],
)
async def test_a_request_id_is_taken_when_it_is_neither_short_nor_long(
    client: httpx.AsyncClient, given: str, taken: bool
) -> None:
    told = (await client.get("/api/v1/things/a", headers={"X-Request-Id": given})).headers["x-request-id"]
    assert (told == given) == taken
    assert taken or UUID(told).version == 7


@pytest.mark.parametrize(
    ("thing", "status", "code"),
    [
        ("missing", 404, "RES_001"),
        ("twice", 409, "RES_002"),
        ("stale", 412, "RES_003"),
        ("away", 503, "SRV_002"),
        ("refused", 503, "SRV_002"),
        ("broken", 500, "SRV_001"),
    ],
)
async def test_an_error_is_told_by_its_kind_and_leaks_nothing(
    client: httpx.AsyncClient, thing: str, status: int, code: str
) -> None:
    response = await client.get(f"/api/v1/things/{thing}")
    assert (response.status_code, response.json()["code"], response.json()["status"]) == (status, code, "error")
    assert set(response.json()) == {"status", "error", "code", "request_id", "timestamp"}
    assert not any(text in response.text for text in ("SELECT", "10.1.2.3", "db-7.internal", "Traceback"))
    assert ("retry-after" in response.headers) == (status == 503)


BAD_BODIES: dict[str, tuple[bytes, int, str]] = {
    "cut short": (b'{"name": "a', 422, "body"),
    "empty": (b"", 422, "body"),
    "an array": (b"[]", 422, "body"),
    "null": (b"null", 422, "body"),
    "not UTF-8": (b'{"name": "\xff"}', 422, "body"),
    "a lone surrogate": (b'{"name": "\\ud800"}', 422, "body"),
    "NaN": (b'{"count": NaN}', 422, "body"),
    "1e400": (b'{"name": 1e400}', 422, "body"),
    "deep": (b'{"name": ' + b"[" * 3000 + b"]" * 3000 + b"}", 422, "body"),
    "deep but legal JSON": (b'{"name": ' + b"[" * 900 + b"]" * 900 + b"}", 422, "name"),
    "NUL in a text": (b'{"name": "a\\u0000b"}', 422, "name"),
    "NUL in a nested text": (b'{"parts": [{"label": "\\u0000"}]}', 422, "parts.0.label"),
    "NUL in a name": (b'{"\\u0000": 1}', 422, "body"),
}


@pytest.mark.parametrize("case", BAD_BODIES)
async def test_a_malformed_body_is_refused(client: httpx.AsyncClient, forge: TokenForge, case: str) -> None:
    content, status, field = BAD_BODIES[case]
    headers = {**forge.headers(), "Content-Type": "application/json"}
    response = await client.post("/api/v1/things", content=content, headers=headers)
    assert (response.status_code, response.json()["code"]) == (status, "VAL_001")
    assert response.json()["status"] == "validation_error"
    assert field in [error["field"] for error in response.json()["errors"]]


BAD_FIELDS: dict[str, tuple[dict[str, object], str]] = {
    "unknown field": ({"nome": "a"}, "nome"),
    "number for a text": ({"name": 5}, "name"),
    "over-long text": ({"name": "x" * 11}, "name"),
    "over-long unbounded text": ({"note": "x" * 5000}, "note"),
    "text for a number": ({"count": "5"}, "count"),
    "fraction for an integer": ({"count": 5.5}, "count"),
    "float for an integer": ({"count": 5.0}, "count"),
    "text for a boolean": ({"heavy": "yes"}, "heavy"),
    "number for a boolean": ({"heavy": 1}, "heavy"),
    "huge number": ({"count": 10**30}, "count"),
    "not a UUID": ({"owner_id": "12"}, "owner_id"),
    "unknown word": ({"colour": "blue"}, "colour"),
    "number for an amount": ({"amount": 1.5}, "amount"),
    "NaN amount": ({"amount": "NaN"}, "amount"),
    "1e400 amount": ({"amount": "1e400"}, "amount"),
    "infinite amount": ({"amount": "Infinity"}, "amount"),
    "Arabic digits": ({"amount": "١٢"}, "amount"),
    "trailing newline": ({"amount": "1.00\n"}, "amount"),
    "long amount": ({"amount": "1" * 43}, "amount"),
    "nested unknown": ({"parts": [{"label": "a", "x": 1}]}, "parts.0.x"),
    "nested coercion": ({"parts": [{"label": 7}]}, "parts.0.label"),
    "nested over-long": ({"parts": [{"label": "123456"}]}, "parts.0.label"),
}


@pytest.mark.parametrize("case", BAD_FIELDS)
async def test_a_bad_field_is_named(client: httpx.AsyncClient, forge: TokenForge, case: str) -> None:
    change, field = BAD_FIELDS[case]
    response = await client.post("/api/v1/things", json={**GOOD, **change}, headers=forge.headers())
    assert (response.status_code, response.json()["code"]) == (422, "VAL_001")
    assert field in [error["field"] for error in response.json()["errors"]]


async def test_what_the_domain_finds_invalid_is_a_validation_error_too(client: httpx.AsyncClient, forge: TokenForge) -> None:
    response = await client.post("/api/v1/things", json={**GOOD, "amount": "1.001"}, headers=forge.headers())
    assert (response.status_code, response.json()["status"], response.json()["code"]) == (422, "validation_error", "PAY_002")


FAULTS = {
    "faults": InvalidValues([Fault("rows.1", "No such wallet."), Fault("rows.7", "x" * 400), Fault("f" * 200, "Bad.")]),
    "fault": InvalidValue(field="amount"),
    "nowhere": InvalidValue(),
    "reused": KeyReused(),
}


@pytest.mark.parametrize(
    ("thing", "code", "errors"),
    [
        ("faults", "VAL_001", [("rows.1", "No such wallet."), ("rows.7", "x" * 300), ("f" * 100, "Bad.")]),
        ("fault", "VAL_001", [("amount", "The value is not acceptable.")]),
        ("nowhere", "VAL_001", [("request", "The value is not acceptable.")]),
        ("reused", "VAL_002", [("Idempotency-Key", "The Idempotency-Key was used before for another request.")]),
    ],
)
async def test_each_fault_that_the_domain_finds_is_told_with_its_field(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, thing: str, code: str, errors: list[tuple[str, str]]
) -> None:
    monkeypatch.setitem(FAILURES, thing, FAULTS[thing])
    response = await client.get(f"/api/v1/things/{thing}")
    body = response.json()
    assert (response.status_code, body.pop("request_id")) == (422, response.headers["x-request-id"])
    assert body.pop("timestamp").endswith("Z")
    assert body == {
        "status": "validation_error",
        "code": code,
        "errors": [{"field": field, "message": message} for field, message in errors],
    }


async def test_all_missing_fields_are_told_at_once_but_not_without_end(client: httpx.AsyncClient, forge: TokenForge) -> None:
    none = await client.post("/api/v1/things", json={}, headers=forge.headers())
    many = await client.post("/api/v1/things", json={f"x{i}": i for i in range(100)}, headers=forge.headers())
    assert [error["field"] for error in none.json()["errors"]] == ["name", "owner_id"]
    assert len(many.json()["errors"]) == 20


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/vnd.elcorp+json",
        "application/a+json;v=1",
    ],
)
async def test_whatever_is_json_is_taken(client: httpx.AsyncClient, forge: TokenForge, media_type: str) -> None:
    content = orjson.dumps(GOOD)
    response = await client.post("/api/v1/things", content=content, headers=forge.headers() | {"Content-Type": media_type})
    assert response.status_code == 201


@pytest.mark.parametrize(
    "media_type",
    [
        "text/x+json",
        "application/json+x",
        "application/jsonp",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
    ],
)
async def test_another_content_type_is_refused(client: httpx.AsyncClient, forge: TokenForge, media_type: str) -> None:
    headers = {**forge.headers(), "Content-Type": media_type}
    response = await client.post("/api/v1/things", content=b'{"name": "a"}', headers=headers)
    assert (response.status_code, response.json()["code"]) == (415, "VAL_004")


async def test_a_huge_body_is_refused_with_or_without_a_length(client: httpx.AsyncClient, forge: TokenForge) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 1000

    headers = {**forge.headers(), "Content-Type": "application/json"}
    for content in (b"x" * 10_001, chunks()):
        response = await client.post("/api/v1/things", content=content, headers=headers)
        assert (response.status_code, response.json()["code"]) == (413, "VAL_003")
        assert response.json()["status"] == "error"


@pytest.mark.parametrize("with_length", [True, False])
@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/many", 20_000, 200),
        ("/many", 20_001, 413),
        ("/few", 10_000, 200),
        ("/few", 10_001, 413),
    ],
)
async def test_a_large_body_passes_on_the_path_that_takes_one_only(
    client: httpx.AsyncClient, *, path: str, size: int, status: int, with_length: bool
) -> None:
    body = b'{"label": "a"}'.rjust(size)

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, size, 1000):
            yield body[start : start + 1000]

    content = body if with_length else chunks()
    response = await client.post(f"/api/v1/things{path}", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == status


@pytest.mark.parametrize("path", ["/many/", "/many/more", "/manyfold", ""])
async def test_a_path_like_the_one_that_takes_large_bodies_takes_none(client: httpx.AsyncClient, path: str) -> None:
    response = await client.post(f"/api/v1/things{path}", content=b" " * 10_001)
    assert (response.status_code, response.json()["code"]) == (413, "VAL_003")


def test_a_larger_body_is_for_one_path_alone() -> None:
    with pytest.raises(ValueError, match="has parameters"):

        @Router("/lots").post("/{lot_id}", dependencies=[Public], body_bytes_max=20_000)
        async def make_lot(lot_id: str, body: Part) -> Envelope[str]:
            return envelope(lot_id + body.label)


async def test_an_unknown_route_is_not_found(client: httpx.AsyncClient) -> None:
    for path in ("/", "/api/v1/nothing", "/api/v1/things/", "/api/v1/things/a/b", "/nothing/%00"):
        response = await client.get(path)
        assert (response.status_code, response.json()["code"]) == (404, "RES_001"), path


async def test_a_wrong_method_is_told_which_are_right(client: httpx.AsyncClient) -> None:
    response = await client.delete("/api/v1/things/a")
    assert (response.status_code, response.json()["code"]) == (405, "RES_005")
    assert response.headers["allow"] == "GET, HEAD, PUT"


@pytest.mark.parametrize("query", ["color=red", "size=a", "size=0", "size=%00", "%00=1", "size=" + "9" * 5000, "size=1&size=1"])
async def test_a_bad_query_is_refused(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get(f"/api/v1/things/a?{query}")
    assert (response.status_code, response.json()["code"]) == (422, "VAL_001")


async def test_the_client_address_is_the_rightmost_that_is_no_proxy_of_ours(
    make_app: Callable[..., FastAPI], client_of: Callable[[FastAPI], httpx.AsyncClient]
) -> None:
    behind = client_of(make_app(router, trusted_proxies=["127.0.0.0/8", "10.0.0.0/8"]))
    alone = client_of(make_app(router))

    async def ip(client: httpx.AsyncClient, *forwarded: str) -> str:
        response = await client.get("/api/v1/things/a", headers=[("X-Forwarded-For", value) for value in forwarded])
        seen: str = response.json()["data"]["ip"]
        return seen

    assert await ip(behind, "6.6.6.6, 41.182.1.1, 10.0.0.9") == "41.182.1.1"
    assert await ip(behind, "6.6.6.6", "41.182.1.1") == "41.182.1.1"
    assert await ip(behind, "10.0.0.3") == "10.0.0.3"
    assert await ip(behind, "evil, 10.0.0.3") == "10.0.0.3"
    assert await ip(behind, "2001:db8::1") == "2001:db8::1"
    # What stands left of something unreadable is nobody's word.
    assert await ip(behind, "6.6.6.6, evil, 10.0.0.3") == "10.0.0.3"
    assert await ip(behind, "6.6.6.6, , 10.0.0.3") == "10.0.0.3"
    assert await ip(behind, "6.6.6.6,") == "127.0.0.1"
    assert await ip(behind, "6.6.6.6:80") == "127.0.0.1"
    assert await ip(behind, "10.0.0.4, 10.0.0.3") == "10.0.0.4"
    assert await ip(behind) == "127.0.0.1"
    assert await ip(alone, "6.6.6.6") == "127.0.0.1"
