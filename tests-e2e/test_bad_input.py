"""Every response to bad input is in the envelope with the right status and code, and nothing is written."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from journey import Person

from elcorp_local.platform import Platform

pytestmark = pytest.mark.e2e
Holder = Callable[..., Awaitable[Person]]


def transfers_in(platform: Platform) -> int:
    with psycopg.connect(platform.database_url("payments", "owner")) as connection:
        row = connection.execute("SELECT count(*) FROM transfers WHERE kind = 'transfer'").fetchone()
        return int(row[0]) if row else -1


def is_in_the_envelope(response: httpx.Response, status: int, code: str | None = None) -> None:
    assert response.status_code == status, response.text
    body = response.json()
    assert body["status"] in {"error", "validation_error"}
    assert body["request_id"] == response.headers["x-request-id"]
    if code:
        assert body["code"] == code, body


@pytest.fixture
async def pair(holder: Holder) -> tuple[Person, Person]:
    return await holder("Selma", funds="100.00"), await holder("Petrus")


def order(pair: tuple[Person, Person], **changes: object) -> dict[str, object]:
    return {
        "source_wallet_id": pair[0].wallet_id,
        "target_wallet_id": pair[1].wallet_id,
        "amount": "1.00",
        "currency": "NAD",
        "description": "bad input",
        **changes,
    }


def headers(person: Person, **changes: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.access_token}", "Idempotency-Key": str(uuid4()), **changes}


BAD_FIELDS: list[tuple[dict[str, object], int, str]] = [
    ({"amount": amount}, 422, code)
    for amount, code in [
        ("-1.00", "PAY_002"),
        ("0", "PAY_002"),
        ("0.00", "PAY_002"),
        ("0.001", "PAY_002"),
        ("9999999999999.00", "PAY_002"),
    ]
]
BAD_FIELDS += [
    ({"amount": amount}, 422, "VAL_001")
    for amount in ["NaN", "Infinity", "1e400", "1e3", "", "1,00", " 1", "1" * 1000, 1, 1.5, True, None, [], {}]
]
BAD_FIELDS += [
    ({"currency": "XXX"}, 422, "PAY_003"),
    ({"currency": "ELC"}, 422, "PAY_004"),
    ({"currency": "nad"}, 422, ""),
    ({"currency": "NADNAD"}, 422, "VAL_001"),
    ({"currency": 1}, 422, "VAL_001"),
    ({"description": "x" * 141}, 422, "VAL_001"),
    ({"description": "nul\x00byte"}, 422, "VAL_001"),
    ({"source_wallet_id": "not-a-uuid"}, 422, "VAL_001"),
    ({"target_wallet_id": str(uuid4())}, 404, "RES_001"),
    ({"surprise": True}, 422, "VAL_001"),
]


async def test_bad_fields_are_refused_and_nothing_is_written(
    client: httpx.AsyncClient, platform: Platform, pair: tuple[Person, Person]
) -> None:
    before = transfers_in(platform)
    for changes, status, code in BAD_FIELDS:
        response = await client.post("/api/v1/transfers", json=order(pair, **changes), headers=headers(pair[0]))
        is_in_the_envelope(response, status, code or None)
    own = await client.post("/api/v1/transfers", json=order(pair, target_wallet_id=pair[0].wallet_id), headers=headers(pair[0]))
    is_in_the_envelope(own, 422, "PAY_005")
    assert transfers_in(platform) == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b'{"amount": NaN}',
        b'{"amount": 1e400}',
        b"\xff\xfe",
        b'{"a":' * 2000 + b"1" + b"}" * 2000,
        b'{"source_wallet_id": "\\ud800"}',
    ],
)
async def test_malformed_bodies_are_refused(client: httpx.AsyncClient, pair: tuple[Person, Person], body: bytes) -> None:
    response = await client.post(
        "/api/v1/transfers", content=body, headers=headers(pair[0], **{"Content-Type": "application/json"})
    )
    is_in_the_envelope(response, 422, "VAL_001")


async def test_a_huge_body_is_refused_with_and_without_its_length(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    huge = json.dumps(order(pair, description="x" * 2_000_000)).encode()

    async def chunks() -> Any:
        for start in range(0, len(huge), 65_536):
            yield huge[start : start + 65_536]

    for content in (huge, chunks()):
        response = await client.post(
            "/api/v1/transfers", content=content, headers=headers(pair[0], **{"Content-Type": "application/json"})
        )
        is_in_the_envelope(response, 413)


async def test_unknown_routes_and_methods_are_refused(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    bearer = {"Authorization": f"Bearer {pair[0].access_token}"}
    for path in ("/api/v1/nothing", "/api/v1/transfers/x/y/z", "/nothing", "/api/v2/transfers"):
        is_in_the_envelope(await client.get(path, headers=bearer), 404)
    wrong = await client.delete("/api/v1/transfers", headers=headers(pair[0]))
    is_in_the_envelope(wrong, 405)
    assert "POST" in wrong.headers["allow"]


async def test_a_money_moving_request_needs_a_valid_key(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    bearer = {"Authorization": f"Bearer {pair[0].access_token}"}
    for key in (None, "", "x" * 256, "with space"):
        extra = {} if key is None else {"Idempotency-Key": key}
        response = await client.post("/api/v1/transfers", json=order(pair), headers={**bearer, **extra})
        is_in_the_envelope(response, 422, "VAL_001")


async def test_bad_tokens_are_refused(client: httpx.AsyncClient, platform: Platform, pair: tuple[Person, Person]) -> None:
    before = transfers_in(platform)
    real = pair[0].access_token
    head, payload, signature = real.split(".")
    none_header = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0"
    forged = [
        f"{none_header}.{payload}.",
        f"{head}.{payload}.{signature[:-4]}AAAA",
        f"{head}.{payload[:-2]}x.{signature}",
        "x",
        "a.b.c",
    ]
    for token in forged:
        response = await client.post("/api/v1/transfers", json=order(pair), headers=headers(Person("", access_token=token)))
        is_in_the_envelope(response, 401, "AUTH_003")
    missing = await client.post("/api/v1/transfers", json=order(pair), headers={"Idempotency-Key": "k"})
    is_in_the_envelope(missing, 401, "AUTH_004")
    assert transfers_in(platform) == before


async def test_a_refresh_token_is_not_accepted_as_an_access_token(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    login = await client.post(
        "/api/v1/auth/login", json={"email": pair[0].email, "password": pair[0].password, "device_id": pair[0].device_id}
    )
    refresh = Person("", access_token=login.json()["data"]["refresh_token"])
    is_in_the_envelope(await client.post("/api/v1/transfers", json=order(pair), headers=headers(refresh)), 401, "AUTH_003")


async def test_services_refuse_bad_requests_without_the_gateway(platform: Platform, pair: tuple[Person, Person]) -> None:
    async with httpx.AsyncClient(base_url=platform.service_url("payments")) as direct:
        forged = {"X-Elcorp-Subject": pair[0].user_id, "X-User-Id": pair[0].user_id, "Idempotency-Key": "k"}
        is_in_the_envelope(await direct.post("/api/v1/transfers", json=order(pair), headers=forged), 401, "AUTH_004")
