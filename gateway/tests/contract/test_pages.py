"""Probes, metrics, the API's OpenAPI document and its pages."""

import gzip
import re
from uuid import uuid4

import orjson
import pytest
from structlog.testing import capture_logs

from gateway.openapi_cache import OpenApiCache
from gateway.routes import ROUTES, SERVICES
from gateway.upstream import Upstreams

from .running_gateway import AWAY, Start, parsed
from .stub import Stub


async def test_probes_answer_without_a_token_or_a_limit(gateway: Start) -> None:
    running = await gateway(rate_limit_per_minute=1)
    for _ in range(3):
        assert (await running.call("GET", "/healthz", token=False))[2] == {"alive": True}
        status, report = await running.readiness()
        assert (status, report["ready"]) == (200, True)


async def test_metrics_count_requests_by_segment(gateway: Start) -> None:
    running = await gateway()
    await running.call("GET", "/api/v1/wallets/0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10")
    async with running.client.get(f"http://127.0.0.1:{running.ops_port}/metrics") as response:
        body = await response.read()
    assert response.headers["Content-Type"].startswith("text/plain")
    assert b'gateway_request_seconds_count{method="GET",segment="wallets",status="200"}' in body
    assert b"0195b0a0" not in body
    for name in (b"gateway_in_flight", b"ended_sessions_age_seconds", b"event_loop_lag_seconds"):
        assert name in body


@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_readiness_and_metrics_are_not_on_the_public_port(gateway: Start, method: str, path: str) -> None:
    running = await gateway()
    for token in (True, False):
        assert (await running.call(method, path, token=token))[0] == 404


async def test_the_document_is_merged_from_the_available_services(gateway: Start, stub: Stub) -> None:
    document = {
        "openapi": "3.1.0",
        "paths": {"/api/v1/users": {"get": {"operationId": "list_users"}}},
        "components": {"schemas": {}},
    }

    stub.documents["/openapi.json"] = document
    running = await gateway(payments_url="http://127.0.0.1:1")
    status, headers, body = await running.call("GET", "/openapi.json", token=False)
    assert (status, body["x-missing-services"]) == (200, ["payments"])
    assert body["paths"] == {"/api/v1/users": {"get": {"operationId": "list_users"}}}
    asked = len(stub.arrived)
    status, _, _ = await running.call("GET", "/openapi.json", token=False, headers={"If-None-Match": headers["ETag"]})
    assert (status, len(stub.arrived)) == (304, asked)


@pytest.mark.clause("RFC 9110 13.1.2")
async def test_a_document_that_the_client_has_is_not_sent_again(gateway: Start, stub: Stub) -> None:
    stub.documents["/openapi.json"] = {"openapi": "3.1.0", "paths": {}}
    running = await gateway()
    _, headers, _ = await running.call("GET", "/openapi.json", token=False)
    etag = headers["ETag"]
    known = {
        etag: 304,
        f"W/{etag}": 304,
        f'"other", {etag}': 304,
        '"other"': 200,
        etag.strip('"'): 200,
        "": 200,
    }
    for given, expected in known.items():
        status, headers, body = await running.call("GET", "/openapi.json", token=False, headers={"If-None-Match": given})
        assert (status, headers["ETag"], bool(body)) == (expected, etag, expected == 200), given


PAGES = ["/docs", "/docs/favicon-32x32.png", "/reset-password", "/pages/link-form.js", "/.well-known/oauth-authorization-server"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.clause("RFC 9110 13.1.1")
async def test_if_match_fails_for_another_version_of_a_page(gateway: Start, path: str) -> None:
    running = await gateway()
    _, headers, _ = await running.call("GET", path, token=False)
    etag = headers["ETag"]
    meant = {etag: 200, "*": 200, f'"x", {etag}': 200, f"W/{etag}": 412, '"x"': 412, "x": 412, "": 412}
    for given, expected in meant.items():
        for more in ({}, {"If-None-Match": etag}):
            for method in ("GET", "HEAD"):
                asked = {"If-Match": given, **more}
                status, _, body = await running.call(method, path, token=False, headers=asked)
                assert status == (304 if more and expected == 200 else expected), (given, more)
    status, headers, body = await running.call("GET", path, token=False, headers={"If-Match": '"x"'})
    assert (status, body["code"], headers["Cache-Control"]) == (412, "RES_003", "no-store")


@pytest.mark.clause("RFC 9110 12.5.3")
async def test_a_list_in_several_header_lines_is_one_list(gateway: Start) -> None:
    running = await gateway()
    lines = "Accept-Encoding: br\r\nAccept-Encoding: gzip"
    answer = await running.raw(f"GET /docs HTTP/1.1\r\nHost: x\r\n{lines}\r\nConnection: close\r\n\r\n".encode())
    _, headers, packed = parsed(answer)
    assert (headers["content-encoding"], headers["vary"]) == ("gzip", "Accept-Encoding")
    _, plain, body = await running.call("GET", "/docs", token=False)
    assert ("Content-Encoding" in plain, gzip.decompress(packed)) == (False, body)


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("away", "fresh_seconds"), [(set(), 60.0), ({"payments"}, 5.0), ({"payments", "identity", "governance"}, 5.0)]
)
async def test_the_document_is_fetched_again_when_it_is_old_and_sooner_while_a_service_is_missing(
    stub: Stub, away: set[str], fresh_seconds: float
) -> None:
    stub.documents["/openapi.json"] = {"openapi": "3.1.0", "paths": {}}
    urls = {service: AWAY if service in away else stub.url for service in SERVICES}
    time = Time()
    async with Upstreams.open(urls, connections_max=4) as upstreams:
        description = OpenApiCache(upstreams, ROUTES, elapsed=time)
        first = await description.get()
        there = len(stub.arrived)
        assert there == len(SERVICES) - len(away)
        time.now += fresh_seconds - 0.1
        assert await description.get() == first
        assert len(stub.arrived) == there
        time.now += 0.1
        assert await description.get() == first
        assert len(stub.arrived) == 2 * there


async def test_a_service_that_stopped_keeps_its_last_document(stub: Stub) -> None:
    stub.documents["/openapi.json"] = {"openapi": "3.1.0", "paths": {"/api/v1/users": {"get": {"operationId": "list_users"}}}}
    time = Time()
    async with Upstreams.open(dict.fromkeys(SERVICES, stub.url), connections_max=4) as upstreams:
        description = OpenApiCache(upstreams, ROUTES, elapsed=time)
        first = await description.get()
        stub.documents_status = 503
        time.now += 60
        assert await description.get() == first
        # It may come back, changed, at any moment.
        stub.documents_status = 200
        stub.documents["/openapi.json"] = {"openapi": "3.1.0", "paths": {}}
        time.now += 5
        body, etag = await description.get()
    assert orjson.loads(first[0])["paths"] == {"/api/v1/users": {"get": {"operationId": "list_users"}}}
    assert orjson.loads(body)["paths"] == {}
    assert "x-missing-services" not in orjson.loads(first[0])
    assert etag != first[1]


@pytest.mark.parametrize("published", [[], "text", {"openapi": "x" * 1000}], ids=["a list", "a text", "too long"])
async def test_an_invalid_document_is_reported_missing(
    gateway: Start, stub: Stub, monkeypatch: pytest.MonkeyPatch, published: object
) -> None:
    monkeypatch.setattr("gateway.openapi_cache.DOCUMENT_BYTES_MAX", 1000)
    stub.documents["/openapi.json"] = published
    running = await gateway()
    status, _, body = await running.call("GET", "/openapi.json", token=False)
    assert (status, body["x-missing-services"]) == (200, ["compliance", "governance", "identity", "payments"])
    assert body["paths"] == {}


async def test_a_service_that_fails_to_send_its_document_is_reported_missing(gateway: Start, stub: Stub) -> None:
    stub.documents["/openapi.json"] = {"openapi": "3.1.0", "paths": {}}
    stub.documents_status = 503
    running = await gateway()
    _, _, body = await running.call("GET", "/openapi.json", token=False)
    assert body["x-missing-services"] == ["compliance", "governance", "identity", "payments"]


async def test_the_docs_page_loads_nothing_from_other_hosts(gateway: Start) -> None:
    running = await gateway()
    status, _, page = await running.call("GET", "/docs", token=False)
    assert status == 200
    assert b"http" not in page
    assert not re.search(rb"<script>|\son\w+=", page)
    for asset in re.findall(rb'(?:src|href)="([^"]+)"', page):
        status, _, content = await running.call("GET", asset.decode(), token=False)
        assert status == 200
        assert len(content) > 50
    _, _, script = await running.call("GET", "/docs/start.js", token=False)
    assert b'url: "/openapi.json"' in script


async def test_pages_accept_reads_only(gateway: Start) -> None:
    running = await gateway()
    status, headers, body = await running.call("POST", "/docs", token=False)
    assert (status, headers["Allow"], body["code"]) == (405, "GET, HEAD", "RES_005")
    status, _, _ = await running.call("GET", "/docs/../settings.py", token=False)
    assert status in {400, 404}


async def test_each_request_logs_one_line_without_its_query(gateway: Start) -> None:
    running, subject = await gateway(), uuid4()
    with capture_logs() as lines:
        headers = running.forge.headers(subject)
        await running.call("GET", "/api/v1/wallets/1?number=4111111111111111", token=False, headers=headers)
        await running.call("GET", "/api/v1/wallets", token=False)
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["name"], line["outcome"], line["status"]) for line in requests] == [
        ("GET /wallets", "ok", 200),
        ("GET /wallets", "AUTH_004", 401),
    ]
    assert [(line["path"], line["actor"], line["ip"]) for line in requests] == [
        ("/api/v1/wallets/1", str(subject), "127.0.0.1"),
        ("/api/v1/wallets", None, "127.0.0.1"),
    ]
    assert "4111111111111111" not in str(requests)
