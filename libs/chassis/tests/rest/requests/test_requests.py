"""What a client may send, and which errors it gets otherwise."""

from collections.abc import Callable
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from chassis.testing.tokens import TokenForge
from kernel.ids import new_id
from libs.chassis.tests.rest.requests.things_api import GOOD, router


async def test_a_response_has_the_envelope_and_the_security_headers(client: httpx.AsyncClient, forge: TokenForge) -> None:
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
async def test_every_kind_of_response_has_the_security_headers_once(client: httpx.AsyncClient, case: str) -> None:
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
async def test_retry_after_is_sent_only_if_waiting_helps(
    client: httpx.AsyncClient, thing: str, status: int, seconds: str | None
) -> None:
    response = await client.get(f"/api/v1/things/{thing}")
    assert (response.status_code, response.headers.get("retry-after")) == (status, seconds)


async def test_a_valid_request_id_is_returned(client: httpx.AsyncClient) -> None:
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
async def test_a_request_id_is_accepted_unless_it_is_too_short_or_too_long(
    client: httpx.AsyncClient, given: str, taken: bool
) -> None:
    returned = (await client.get("/api/v1/things/a", headers={"X-Request-Id": given})).headers["x-request-id"]
    assert (returned == given) == taken
    assert taken or UUID(returned).version == 7


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
async def test_an_error_is_reported_by_its_kind_and_discloses_nothing(
    client: httpx.AsyncClient, thing: str, status: int, code: str
) -> None:
    response = await client.get(f"/api/v1/things/{thing}")
    assert (response.status_code, response.json()["code"], response.json()["status"]) == (status, code, "error")
    assert set(response.json()) == {"status", "error", "code", "request_id", "timestamp"}
    assert not any(text in response.text for text in ("SELECT", "10.1.2.3", "db-7.internal", "Traceback"))
    assert ("retry-after" in response.headers) == (status == 503)


async def test_an_unknown_route_is_not_found(client: httpx.AsyncClient) -> None:
    for path in ("/", "/api/v1/nothing", "/api/v1/things/", "/api/v1/things/a/b", "/nothing/%00"):
        response = await client.get(path)
        assert (response.status_code, response.json()["code"]) == (404, "RES_001"), path


async def test_a_wrong_method_gets_the_allowed_ones(client: httpx.AsyncClient) -> None:
    response = await client.delete("/api/v1/things/a")
    assert (response.status_code, response.json()["code"]) == (405, "RES_005")
    assert response.headers["allow"] == "GET, HEAD, PUT"


@pytest.mark.parametrize("query", ["color=red", "size=a", "size=0", "size=%00", "%00=1", "size=" + "9" * 5000, "size=1&size=1"])
async def test_a_bad_query_is_refused(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get(f"/api/v1/things/a?{query}")
    assert (response.status_code, response.json()["code"]) == (422, "VAL_001")


async def test_the_client_address_is_the_rightmost_that_is_not_our_proxy(
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
    # Nothing to the left of an unreadable entry can be trusted.
    assert await ip(behind, "6.6.6.6, evil, 10.0.0.3") == "10.0.0.3"
    assert await ip(behind, "6.6.6.6, , 10.0.0.3") == "10.0.0.3"
    assert await ip(behind, "6.6.6.6,") == "127.0.0.1"
    assert await ip(behind, "6.6.6.6:80") == "127.0.0.1"
    assert await ip(behind, "10.0.0.4, 10.0.0.3") == "10.0.0.4"
    assert await ip(behind) == "127.0.0.1"
    assert await ip(alone, "6.6.6.6") == "127.0.0.1"
