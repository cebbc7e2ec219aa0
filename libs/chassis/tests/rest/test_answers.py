"""Pages, versions, operations, the published document, and the log lines and metrics of a request."""

import json
from collections.abc import Callable
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from fastapi import FastAPI, Query, Response
from pydantic import Field
from structlog.testing import capture_logs

from chassis.rest import (
    Authenticated,
    CursorPageOf,
    CursorPaging,
    Envelope,
    IdempotencyKey,
    IfMatch,
    PageOf,
    Paging,
    Public,
    RequestModel,
    Requires,
    Router,
    cursor_of,
    envelope,
    mark_replayed,
    page_of,
    set_etag,
)
from chassis.telemetry.metrics import exposition
from chassis.testing.tokens import TokenForge
from kernel.assurance import NONE
from kernel.errors import StaleVersion
from kernel.pages import CursorPage, Page
from kernel.reads import NOBODY

router = Router("/stones", tags=["stones"], assurance=NONE, reads=NOBODY)


class StoneRequest(RequestModel):
    weight: Annotated[int, Field(ge=1, examples=[3])]


@router.get("", dependencies=[Public])
async def list_stones(paging: Paging, colour: Annotated[str, Field(max_length=9)] = "grey") -> Envelope[PageOf[str]]:
    """List stones."""
    items = range(45)[paging.offset : paging.offset + paging.per_page]
    return page_of(Page(list(items), paging.page, paging.per_page, 45), lambda number: f"{colour} {number}")


@router.get("/all", dependencies=[Public])
async def all_stones(paging: Paging) -> Envelope[PageOf[int]]:
    return page_of(Page([1], paging.page, paging.per_page, 1_000_000), lambda number: number)


@router.get("/history/{kind}", dependencies=[Public])
async def stone_history(
    kind: str, cursor: CursorPaging, colour: Annotated[list[str] | None, Query()] = None, reason: str = ""
) -> Envelope[CursorPageOf[int]]:
    start = int(cursor.after or 0)
    items = list(range(10))[start : start + cursor.limit]
    following = start + cursor.limit
    return cursor_of(CursorPage(items, str(following) if following < 10 else None), lambda number: number * 10)


@router.put("/{stone_id}", dependencies=[Requires("payment:create")])
async def put_stone(stone_id: int, body: StoneRequest, version: IfMatch, response: Response) -> Envelope[int | None]:
    if version is not None and version != 7:
        raise StaleVersion
    set_etag(response, 8)
    return envelope(version)


@router.post("", dependencies=[Authenticated], idempotency="own", status_code=201)
async def throw_stone(body: StoneRequest, key: IdempotencyKey, response: Response) -> Envelope[str]:
    mark_replayed(response)
    return envelope(key)


@router.get("/broken", dependencies=[Public])
async def broken_stone() -> Envelope[str]:
    raise RuntimeError("a secret")


@pytest.fixture
def app(make_app: Callable[..., FastAPI]) -> FastAPI:
    return make_app(router)


@pytest.fixture
def client(app: FastAPI, client_of: Callable[[FastAPI], httpx.AsyncClient]) -> httpx.AsyncClient:
    return client_of(app)


async def test_a_page_states_its_position_and_its_neighbours(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/stones?page=2&colour=red")
    assert response.json()["data"] == {
        "items": [f"red {number}" for number in range(20, 40)],
        "page": 2,
        "per_page": 20,
        "total": 45,
    }
    assert {name: link["url"] for name, link in response.links.items()} == {
        "first": "/api/v1/stones?page=1&colour=red&per_page=20",
        "last": "/api/v1/stones?page=3&colour=red&per_page=20",
        "prev": "/api/v1/stones?page=1&colour=red&per_page=20",
        "next": "/api/v1/stones?page=3&colour=red&per_page=20",
    }
    last = await client.get(response.links["next"]["url"])
    assert list(last.links) == ["first", "last", "prev"]
    assert len(last.json()["data"]["items"]) == 5


@pytest.mark.parametrize(
    ("query", "count", "links"),
    [
        ("", 20, {"first": 1, "last": 3, "next": 2}),
        ("per_page=44", 44, {"first": 1, "last": 2, "next": 2}),
        ("page=2&per_page=44", 1, {"first": 1, "last": 2, "prev": 1}),
        ("per_page=45", 45, {"first": 1, "last": 1}),
        ("per_page=100", 45, {"first": 1, "last": 1}),
        ("page=3&per_page=15", 15, {"first": 1, "last": 3, "prev": 2}),
        ("page=4&per_page=15", 0, {"first": 1, "last": 3, "prev": 3}),
        ("page=10000&per_page=1", 0, {"first": 1, "last": 45, "prev": 45}),
        ("colour=", 20, {"first": 1, "last": 3, "next": 2}),
    ],
)
async def test_a_page_links_only_to_existing_neighbours(
    client: httpx.AsyncClient, query: str, count: int, links: dict[str, int]
) -> None:
    response = await client.get(f"/api/v1/stones?{query}")
    assert len(response.json()["data"]["items"]) == count
    found = {name: dict(parse_qsl(urlsplit(link["url"]).query, keep_blank_values=True)) for name, link in response.links.items()}
    assert {name: int(one["page"]) for name, one in found.items()} == links
    kept = {"per_page": "20"} | dict(parse_qsl(query, keep_blank_values=True))
    assert all(one | {"page": ""} == kept | {"page": ""} for one in found.values())


async def test_no_page_is_linked_that_would_be_refused(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/stones/all?page=9999&per_page=1")
    assert list(response.links) == ["first", "last", "prev", "next"]
    assert (await client.get(response.links["next"]["url"])).status_code == 200
    response = await client.get("/api/v1/stones/all?page=10000&per_page=1")
    assert list(response.links) == ["first", "last", "prev"]
    assert (await client.get("/api/v1/stones/all?page=10001&per_page=1")).status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "per_page=0",
        "per_page=101",
        "page=1.5",
        "page=1.0",
        "page=%2B1",
        "page=%201",
        "page=1_0",
        "page=100000",
        "sort=name",
    ],
)
async def test_an_invalid_page_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/api/v1/stones?{query}")).status_code == 422


async def test_a_history_is_read_by_cursor_to_its_end(client: httpx.AsyncClient) -> None:
    seen: list[int] = []
    url: str | None = "/api/v1/stones/history/old?limit=4&colour=red&colour=blue"
    while url:
        response = await client.get(url)
        seen += response.json()["data"]["items"]
        assert response.links["first"]["url"] == "/api/v1/stones/history/old?limit=4&colour=red&colour=blue"
        url = response.links["next"]["url"] if "next" in response.links else None
        assert url is None or "limit=4&colour=red&colour=blue" in url
    assert seen == [number * 10 for number in range(10)]
    assert response.json()["data"]["next_cursor"] is None


@pytest.mark.parametrize(("limit", "status"), [(0, 422), (-1, 422), (1, 200), (100, 200), (101, 422), ("x", 422)])
async def test_a_page_of_a_history_has_at_most_a_hundred_entries(client: httpx.AsyncClient, limit: object, status: int) -> None:
    assert (await client.get(f"/api/v1/stones/history/old?limit={limit}")).status_code == status


async def test_an_invalid_cursor_is_refused(client: httpx.AsyncClient) -> None:
    for cursor in ("", "a b", "%00", "x" * 513, "4", "4.", ".x", "4.AAAAAAAAAAAA"):
        assert (await client.get("/api/v1/stones/history/old", params={"cursor": cursor})).status_code == 422


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("old?colour=red&limit=2", 200),
        ("old?colour=red&limit=9&reason=why", 200),
        ("old?limit=2", 422),
        ("old?colour=blue", 422),
        ("old?colour=red&colour=blue", 422),
        ("new?colour=red", 422),
    ],
)
async def test_a_cursor_keeps_its_list_and_its_filters_or_is_refused(client: httpx.AsyncClient, path: str, status: int) -> None:
    first = await client.get("/api/v1/stones/history/old?colour=red&limit=2")
    cursor = first.json()["data"]["next_cursor"]
    response = await client.get(f"/api/v1/stones/history/{path}&cursor={cursor}")
    assert response.status_code == status
    if status == 422:
        [fault] = response.json()["errors"]
        assert (fault["field"], "with the same filters" in fault["message"]) == ("cursor", True)


async def test_a_route_that_stores_its_own_key_requires_it(client: httpx.AsyncClient, forge: TokenForge) -> None:
    async def throw(headers: dict[str, str]) -> httpx.Response:
        return await client.post("/api/v1/stones", json={"weight": 1}, headers=forge.headers() | headers)

    kept = await throw({"Idempotency-Key": "k-1"})
    assert (kept.status_code, kept.json()["data"], kept.headers["idempotency-replayed"]) == (201, "k-1", "true")
    for headers in ({}, {"Idempotency-Key": ""}, {"Idempotency-Key": "x" * 256}, {"Idempotency-Key": "a b"}):
        response = await throw(headers)
        assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "Idempotency-Key")


async def test_the_public_port_shows_liveness_and_nothing_for_operators(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"alive": True}
    for path in ("/readyz", "/metrics"):
        assert (await client.get(path)).status_code == 404
    await client.get("/api/v1/stones")
    await client.get("/api/v1/stones/nothing/here")
    metrics = exposition("")[0].decode()
    assert 'http_server_seconds_count{method="GET",route="/api/v1/stones",status="200"}' in metrics
    assert 'route="unmatched",status="404"' in metrics
    assert "nothing/here" not in metrics


async def test_each_request_logs_one_line(client: httpx.AsyncClient, forge: TokenForge) -> None:
    with capture_logs() as lines:
        await client.get("/api/v1/stones?page=2")
        await client.put("/api/v1/stones/5", json={}, headers=forge.headers())
        await client.get("/healthz")
    assert [(line["event"], line["name"], line["outcome"], line["status"]) for line in lines] == [
        ("request", "GET /api/v1/stones", "ok", 200),
        ("request", "PUT /api/v1/stones/{stone_id}", "VAL_001", 422),
    ]


async def test_a_defect_is_logged_once_with_its_traceback_and_not_disclosed(client: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        response = await client.get("/api/v1/stones/broken")
    defects = [line for line in lines if line["event"] == "unhandled_error"]
    assert len(defects) == 1
    assert isinstance(defects[0]["exc_info"], RuntimeError)
    assert "secret" not in response.text


async def test_the_document_lists_security_errors_keys_and_stable_names(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    put = document["paths"]["/api/v1/stones/{stone_id}"]["put"]
    listing = document["paths"]["/api/v1/stones"]["get"]
    throw = document["paths"]["/api/v1/stones"]["post"]
    assert (put["operationId"], put["security"], put["x-permission"]) == ("put_stone", [{"bearer": []}], "payment:create")
    assert set(put["responses"]) == {*["200", "400", "401", "403", "404", "409", "412", "413", "415", "422", "428", "429", "503"]}
    assert listing["security"] == []
    assert "401" not in listing["responses"]
    named = {parameter["name"]: parameter["required"] for parameter in put["parameters"]}
    assert named["Idempotency-Key"] is False
    assert [parameter["required"] for parameter in throw["parameters"]] == [True]
    assert "HTTPValidationError" not in json.dumps(document)
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert document == (await client.get("/openapi.json")).json()
    for operation in (put, listing, throw):
        for response in operation["responses"].values():
            reference = response["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            assert reference in document["components"]["schemas"]
