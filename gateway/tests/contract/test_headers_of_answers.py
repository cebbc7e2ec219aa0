"""The headers of every kind of response, compared whole: none is missing, repeated or discloses too much."""

import asyncio
import json
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from chassis.testing.running import eventually

from .answers import REFUSED, SECURITY, is_error, own_headers, without_limits
from .running_gateway import AWAY, RunningGateway, Start, be_quick, parsed
from .stub import Stub

ORIGIN = "https://app.elcorp.na"
JSON = {"content-type": "application/json"}
REFUSED_TOKEN = {**REFUSED, "www-authenticate": "Bearer"}
LATER = {**REFUSED, "retry-after": "2"}
# Swagger UI needs its own scripts and style sheets, its inline styles, and images in data: URLs.
DOCS_SECURITY = {
    **SECURITY,
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
}
PAGE_SECURITY = {
    **SECURITY,
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
}


async def answer(
    running: RunningGateway, method: str, path: str, *, security: dict[str, str] | None = None, **options: Any
) -> tuple[int, dict[str, str]]:
    """Return the status and the headers that not every response has."""
    async with running.request(method, path, **options) as response:
        body = await response.read()
    assert not (body and method == "HEAD")
    # The length of a missing body would belong to another response.
    assert response.status not in {204, 304} or (body, response.headers.get("Content-Length")) == (b"", None)
    return response.status, own_headers(response.headers, None if method == "HEAD" else body, security=security)


async def limited(running: RunningGateway, method: str, path: str, **options: Any) -> tuple[int, dict[str, str]]:
    """Compare the limit's headers too: of the address without a token, otherwise of the user."""
    status, own = await answer(running, method, path, **options)
    return status, without_limits(own, 600 if options.get("token", True) else 100)


async def test_a_services_response_has_the_gateways_headers_instead_of_its_own(gateway: Start) -> None:
    running = await gateway()
    text = {"content-type": "text/plain; charset=utf-8"}
    assert await limited(running, "GET", "/api/v1/users/posing") == (200, {**text, "etag": '"7"', "cache-control": "max-age=5"})
    assert await limited(running, "HEAD", "/api/v1/users/posing") == (200, {**text, "etag": '"7"', "cache-control": "max-age=5"})
    assert await limited(running, "GET", "/api/v1/users/teapot") == (418, {**text, "retry-after": "7"})
    assert await limited(running, "GET", "/api/v1/users/broken") == (502, text)
    assert await limited(running, "GET", "/api/v1/users/notmodified") == (304, {"etag": '"7"'})
    assert await limited(running, "GET", "/api/v1/users/empty") == (204, {})


async def test_a_refusal_has_only_its_own_headers_and_those_of_every_response(gateway: Start) -> None:
    running = await gateway()
    assert await limited(running, "GET", "/api/v1/nothing") == (404, REFUSED)
    assert await limited(running, "HEAD", "/api/v1/nothing") == (404, REFUSED)
    assert await limited(running, "GET", "/favicon.ico") == (404, REFUSED)
    assert await limited(running, "GET", "/api/v1//users") == (400, REFUSED)
    assert await limited(running, "GET", "/api/v1/users", token=False) == (401, REFUSED_TOKEN)
    assert await limited(running, "GET", "/api/v1/users", token=False, headers={"Authorization": "Bearer x"}) == (
        401,
        REFUSED_TOKEN,
    )
    assert await limited(running, "POST", "/docs") == (405, {**REFUSED, "allow": "GET, HEAD"})
    assert await limited(running, "POST", "/api/v1/users", data=BytesIO(b"x" * 1_048_577)) == (413, REFUSED)
    upgrade = {"Upgrade": "WebSocket", "Connection": "Upgrade"}
    assert await limited(running, "GET", "/api/v1/users", headers=upgrade) == (400, REFUSED)


async def test_an_unavailable_service_gets_retry_after(gateway: Start, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    be_quick(monkeypatch)
    running = await gateway(payments_url=AWAY, in_flight_max=2)
    assert await limited(running, "GET", "/api/v1/wallets") == (503, LATER)
    assert await limited(running, "POST", "/api/v1/users/drop", json={}) == (503, LATER)
    assert await limited(running, "GET", "/api/v1/users/slow") == (503, LATER)


async def test_too_many_requests_at_once_get_retry_after(gateway: Start, stub: Stub) -> None:
    running = await gateway(in_flight_max=1)
    slow = asyncio.create_task(running.call("GET", "/api/v1/users/slow"))
    await eventually(lambda: len(stub.arrived), 1)
    assert await limited(running, "GET", "/api/v1/users") == (503, LATER)
    stub.release.set()
    assert (await slow)[0] == 200
    assert [request.path for request in stub.arrived] == ["/api/v1/users/slow"]


@pytest.mark.parametrize("token", [False, True], ids=["an address", "a person"])
async def test_a_client_over_its_limit_gets_retry_after(gateway: Start, token: bool) -> None:
    running = await gateway(rate_limit_per_minute=1, person_rate_limit_per_minute=1)
    headers = running.forge.headers(uuid4()) if token else {}
    _, own = await answer(running, "GET", "/api/v1/auth/empty", token=False, headers=headers)
    assert without_limits(own, 1) == {}
    status, own = await answer(running, "GET", "/api/v1/auth/empty", token=False, headers=headers)
    assert (status, own["retry-after"]) == (429, own["ratelimit-reset"])
    assert without_limits(own, 1) == {**REFUSED, "retry-after": own["ratelimit-reset"]}


async def test_a_defect_is_reported_by_its_error_id_only(gateway: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    running = await gateway()
    monkeypatch.setattr("gateway.pages._folder", lambda: tmp_path)
    with capture_logs() as lines:
        status, own = await answer(running, "GET", "/docs/swagger-ui.css")
        _, _, body = await running.call("GET", "/docs/swagger-ui.css")
    first, second = [line for line in lines if line["event"] == "unhandled_error"]
    assert (status, own) == (500, {**REFUSED, "x-error-id": first["error_id"]})
    assert first["error_id"] != second["error_id"]
    assert is_error(body, "SRV_001")


# Path → content type, how long it may be cached, whether it is compressed, and its policy if it differs.
OWN_PAGES = {
    "/docs": ("text/html; charset=utf-8", "no-cache", True, DOCS_SECURITY),
    "/docs/start.js": ("text/javascript; charset=utf-8", "public, max-age=86400", False, SECURITY),
    "/docs/swagger-ui-bundle.js": ("text/javascript; charset=utf-8", "public, max-age=86400", True, SECURITY),
    "/docs/swagger-ui.css": ("text/css; charset=utf-8", "public, max-age=86400", True, SECURITY),
    "/docs/favicon-32x32.png": ("image/png", "public, max-age=86400", False, SECURITY),
    "/openapi.json": ("application/json", "no-cache", True, SECURITY),
    "/.well-known/jwks.json": ("application/json", "public, max-age=60", False, SECURITY),
    "/.well-known/oauth-authorization-server": ("application/json", "public, max-age=60", True, SECURITY),
    "/.well-known/authzen-configuration": ("application/json", "public, max-age=60", True, SECURITY),
    "/reset-password": ("text/html; charset=utf-8", "no-cache", True, PAGE_SECURITY),
    "/undo-email-change": ("text/html; charset=utf-8", "no-cache", True, PAGE_SECURITY),
    "/pages/page.css": ("text/css; charset=utf-8", "no-cache", True, SECURITY),
    "/pages/link-form.js": ("text/javascript; charset=utf-8", "no-cache", True, SECURITY),
}


async def test_the_gateways_own_pages_say_how_long_they_may_be_cached(gateway: Start, stub: Stub) -> None:
    stub.documents["/openapi.json"] = {"openapi": "3.1.0", "paths": {}}
    stub.documents["/.well-known/jwks.json"] = {"keys": [{"kid": "1"}]}
    running = await gateway()
    for path, (content_type, kept, packs, security) in OWN_PAGES.items():
        for method in ("GET", "HEAD"):
            plain = {"cache-control": kept} | ({"vary": "Accept-Encoding"} if packs else {})
            packed = plain | ({"content-encoding": "gzip"} if packs else {})
            tags = set()
            for coding, expected in (("identity", plain), ("gzip, deflate, br", packed)):
                asked = {"Accept-Encoding": coding}
                status, own = await answer(running, method, path, security=security, headers=asked)
                etag = own.pop("etag")
                tags.add(etag)
                assert (status, own) == (200, expected | {"content-type": content_type}), path
                known = await answer(running, method, path, security=security, headers={**asked, "If-None-Match": etag})
                assert known == (304, plain | {"etag": etag}), path
            # The compressed and the plain form have different tags.
            assert len(tags) == (2 if packs else 1), path


async def test_liveness_is_never_cached(gateway: Start) -> None:
    running = await gateway()
    never = {"cache-control": "no-store"}
    for method in ("GET", "HEAD"):
        assert await answer(running, method, "/healthz") == (200, JSON | never)


async def test_pages_of_listed_origins_get_cors_headers_and_others_none(gateway: Start) -> None:
    running = await gateway(cors_origins=(ORIGIN, "https://console.elcorp.na"))
    vary, asked = {"vary": "Origin"}, {"Access-Control-Request-Method": "POST"}
    readable = {
        "access-control-allow-origin": ORIGIN,
        "access-control-expose-headers": "etag, link, location, idempotency-replayed, retry-after, x-request-id, "
        "ratelimit-limit, ratelimit-remaining, ratelimit-reset",
    }
    allowed = {
        "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
        "access-control-allow-headers": "authorization, content-type, dpop, idempotency-key, if-match, if-none-match, "
        "x-request-id, traceparent",
        "access-control-max-age": "600",
        "cache-control": "no-store",
    }
    ours, others = {"Origin": ORIGIN}, {"Origin": "https://evil.example"}
    preflight = await limited(running, "OPTIONS", "/api/v1/transfers", token=False, headers=ours | asked)
    assert preflight == (204, vary | readable | allowed)
    refused = await limited(running, "OPTIONS", "/api/v1/transfers", token=False, headers=others | asked)
    assert refused == (403, REFUSED | vary)
    assert await limited(running, "GET", "/api/v1/users/empty", headers=ours) == (204, vary | readable)
    _, own = await answer(running, "GET", "/docs", security=DOCS_SECURITY, headers=ours)
    assert own["vary"] == "Origin, Accept-Encoding"
    assert await limited(running, "GET", "/api/v1/users/empty", headers=others) == (204, vary)
    assert await limited(running, "GET", "/api/v1/users/empty") == (204, vary)
    assert await limited(running, "GET", "/api/v1/nothing", headers=ours) == (404, REFUSED | vary | readable)
    assert await limited(running, "GET", "/api/v1/users", token=False, headers=ours) == (401, REFUSED_TOKEN | vary | readable)


async def test_pages_of_listed_origins_can_read_the_rate_limit_error(gateway: Start, stub: Stub) -> None:
    running = await gateway(cors_origins=(ORIGIN,), rate_limit_per_minute=3, in_flight_max=1)
    slow = asyncio.create_task(running.call("GET", "/api/v1/users/slow"))
    await eventually(lambda: len(stub.arrived), 1)
    answered = {}
    for origin in (ORIGIN, ORIGIN, ORIGIN, ORIGIN, "https://evil.example"):
        status, headers, _ = await running.call("GET", "/api/v1/auth", token=False, headers={"Origin": origin})
        answered[status, origin] = (headers["Vary"], headers.get("Access-Control-Allow-Origin"))
    assert answered == {
        (503, ORIGIN): ("Origin", ORIGIN),
        (429, ORIGIN): ("Origin", ORIGIN),
        (429, "https://evil.example"): ("Origin", None),
    }
    stub.release.set()
    await slow


@pytest.mark.parametrize(
    "asked",
    [
        {"Origin": ORIGIN},
        {"Access-Control-Request-Method": "POST"},
        {"Origin": "https://evil.example"},
    ],
)
async def test_a_request_that_is_no_preflight_is_forwarded_as_any_other(
    gateway: Start, stub: Stub, asked: dict[str, str]
) -> None:
    running = await gateway(cors_origins=(ORIGIN,))
    status, _, body = await running.call("OPTIONS", "/api/v1/users", headers=asked)
    assert (status, body["method"], len(stub.arrived)) == (200, "OPTIONS", 1)
    status, _, body = await running.call("OPTIONS", "/api/v1/users", token=False, headers=asked)
    assert (status, body["code"], len(stub.arrived)) == (401, "AUTH_004", 1)


async def test_without_listed_origins_no_response_has_cors_headers(gateway: Start) -> None:
    running = await gateway()
    ours = {"Origin": ORIGIN}
    assert await limited(running, "GET", "/api/v1/users/empty", headers=ours) == (204, {})
    preflight = {**ours, "Access-Control-Request-Method": "POST"}
    assert await limited(running, "OPTIONS", "/api/v1/users", token=False, headers=preflight) == (403, REFUSED)


@pytest.mark.parametrize(
    ("request_bytes", "status", "message"),
    [
        (b"GET /api/v1/users HTTP/9.1\r\n\r\n", 400, None),
        (
            b"GET / HTTP/1.1\r\n" + b"".join(b"x-%d: y\r\n" % n for n in range(101)) + b"\r\n",
            431,
            "The request's headers are too large.",
        ),
        (b"GET /" + b"y" * 9_000, 414, "The request's target is too long."),
        (b"BREW /api/v1/users HTTP/1.1\r\nHost: x\r\n\r\n", 400, None),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, None),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400, None),
        (b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, None),
    ],
    ids=["version", "headers", "target", "method", "TLS", "no host", "chunk"],
)
async def test_an_unreadable_head_gets_the_headers_of_every_response(
    gateway: Start, request_bytes: bytes, status: int, message: str | None
) -> None:
    running = await gateway()
    answered, headers, body = parsed(await running.raw(request_bytes))
    assert (answered, own_headers(headers, body)) == (status, {**REFUSED, "connection": "close"})
    content = json.loads(body)
    assert is_error(content, "VAL_001", message)
    assert content["request_id"] == headers["x-request-id"]


async def test_a_connection_over_the_limit_gets_the_headers_of_every_response(
    gateway: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.run.uvicorn_server.CONNECTIONS_MAX", 2)
    running = await gateway(wait=False)
    head = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(head)
    assert (await reader.readuntil(b'{"alive":true}')).startswith(b"HTTP/1.1 200 ")
    status, headers, body = parsed(await running.raw(head))
    assert (status, own_headers(headers, body)) == (503, {**LATER, "connection": "close"})
    assert is_error(json.loads(body), "SRV_002", "Too many requests at the same time; retry later.")
    writer.write(head)
    assert (await reader.readuntil(b'{"alive":true}')).startswith(b"HTTP/1.1 200 ")
    writer.close()


async def test_a_body_that_does_not_arrive_gets_an_error_with_the_headers_of_every_response(gateway: Start) -> None:
    running = await gateway(body_seconds=0.1)
    head = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n"
    status, headers, body = parsed(await running.raw(head))
    assert (status, without_limits(own_headers(headers, body), 100)) == (408, {**REFUSED, "connection": "close"})
    assert is_error(json.loads(body), "VAL_001", "The request body did not arrive in time.")
