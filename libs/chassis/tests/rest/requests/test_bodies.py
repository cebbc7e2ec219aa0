"""Which bodies are accepted, and how errors in them are reported."""

from collections.abc import AsyncIterator

import httpx
import orjson
import pytest

from chassis.rest import (
    Envelope,
    Public,
    Router,
    envelope,
)
from chassis.testing.tokens import TokenForge
from kernel.errors import (
    Fault,
    InvalidValue,
    InvalidValues,
    KeyReused,
)
from libs.chassis.tests.rest.requests.things_api import FAILURES, GOOD, Part

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


async def test_a_value_that_the_domain_refuses_is_a_validation_error_too(client: httpx.AsyncClient, forge: TokenForge) -> None:
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
        ("fault", "VAL_001", [("amount", "The value is not valid.")]),
        ("nowhere", "VAL_001", [("request", "The value is not valid.")]),
        (
            "reused",
            "VAL_002",
            [("Idempotency-Key", "The Idempotency-Key was used before for another request. Send a new key.")],
        ),
    ],
)
async def test_each_error_of_the_domain_is_reported_with_its_field(
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


async def test_all_missing_fields_are_reported_at_once_up_to_a_limit(client: httpx.AsyncClient, forge: TokenForge) -> None:
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
async def test_every_json_media_type_is_accepted(client: httpx.AsyncClient, forge: TokenForge, media_type: str) -> None:
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
async def test_a_large_body_is_accepted_only_on_the_path_that_allows_it(
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
async def test_a_path_similar_to_the_one_for_large_bodies_accepts_none(client: httpx.AsyncClient, path: str) -> None:
    response = await client.post(f"/api/v1/things{path}", content=b" " * 10_001)
    assert (response.status_code, response.json()["code"]) == (413, "VAL_003")


def test_a_larger_body_is_for_one_path_only() -> None:
    with pytest.raises(ValueError, match="has parameters"):

        @Router("/lots").post("/{lot_id}", dependencies=[Public], body_bytes_max=20_000)
        async def make_lot(lot_id: str, body: Part) -> Envelope[str]:
            return envelope(lot_id + body.label)
