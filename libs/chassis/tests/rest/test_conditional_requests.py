"""If-Match, If-None-Match and HEAD, as RFC 9110 defines them."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse

from chassis.entity_tags import EntityTag, is_known, parse_tags
from chassis.rest import Envelope, IfMatch, IfMatchOrNew, Public, RequestModel, Router, envelope, set_etag
from chassis.rest.etag import AnyVersion
from chassis.run.uvicorn_server import RestServer
from kernel.assurance import NONE
from kernel.errors import NotFound, StaleVersion
from kernel.reads import NOBODY

router = Router("/stones", tags=["stones"], assurance=NONE, reads=NOBODY)
VERSION = 7
PATH = "/api/v1/stones/1"


class StoneRequest(RequestModel):
    weight: int


@router.get("/{stone_id}", dependencies=[Public])
async def get_stone(stone_id: int, response: Response) -> Envelope[int]:
    if stone_id != 1:
        raise NotFound
    set_etag(response, VERSION)
    response.headers["x-not-for-304"] = "1"
    return envelope(stone_id)


@router.get("/{stone_id}/polish", dependencies=[Public])
async def get_polish(stone_id: int, response: Response, shine: int = 1) -> Envelope[int]:
    set_etag(response, VERSION, shine)
    return envelope(shine)


@router.get("/{stone_id}/dust", dependencies=[Public], stream_seconds=600)
async def get_dust(stone_id: int) -> StreamingResponse:
    async def grains() -> AsyncIterator[bytes]:
        while True:
            yield b"."

    return StreamingResponse(grains(), media_type="text/plain")


@router.put("/{stone_id}", dependencies=[Public])
async def put_stone(stone_id: int, body: StoneRequest, version: IfMatch, response: Response) -> Envelope[bool]:
    if version is not None and version != VERSION:
        raise StaleVersion
    set_etag(response, VERSION + 1)
    return envelope(version is not None)


@router.put("/{stone_id}/name", dependencies=[Public])
async def name_stone(stone_id: int, version: IfMatchOrNew) -> Envelope[str]:
    return envelope("made" if version is None else f"version {version}")


@pytest.fixture
def app(make_app: Callable[..., FastAPI]) -> FastAPI:
    return make_app(router)


@pytest.fixture
def client(app: FastAPI, client_of: Callable[[FastAPI], httpx.AsyncClient]) -> httpx.AsyncClient:
    return client_of(app)


@pytest.mark.parametrize(
    ("if_match", "status"),
    [
        ('"7"', 200),
        ('"6", "7"', 200),
        ('"7" ,"6",', 200),
        ("*", 200),
        (None, 200),
        # A tag that contains more than the version.
        ('"7.0123456789ab"', 200),
        ('"6"', 412),
        ('"5", "6"', 412),
        # If-Match uses strong comparison: a weak tag equals none.
        ('W/"7"', 412),
        ('W/"7", "6"', 412),
        # A tag of another resource.
        ('"x"', 412),
        ('"' + "9" * 30 + '"', 412),
        ('""', 412),
        ("7", 422),
        ('"7', 422),
        ('"7" "6"', 422),
        ('w/"7"', 422),
        ("", 422),
        ('"7", *', 422),
    ],
)
@pytest.mark.clause("RFC 9110 13.1.1")
async def test_a_version_is_sent_and_must_be_returned(client: httpx.AsyncClient, if_match: str | None, status: int) -> None:
    headers = {} if if_match is None else {"If-Match": if_match}
    response = await client.put(PATH, json={"weight": 2}, headers=headers)
    assert response.status_code == status
    if status == 200:
        assert (response.headers["etag"], response.json()["data"]) == ('"8"', if_match not in {None, "*"})
    elif status == 412:
        assert response.json()["code"] == "RES_003"
    else:
        assert response.json()["errors"][0]["field"] == "If-Match"


@pytest.mark.clause("RFC 9110 13.1.2")
async def test_a_change_with_if_none_match_is_refused_if_the_resource_exists(client: httpx.AsyncClient) -> None:
    stale, unclear, lines = {"If-None-Match": "*"}, {"If-None-Match": '"6"'}, [("If-None-Match", "*"), ("If-None-Match", "*")]
    for more in ({}, {"If-Match": '"7"'}, {"If-Match": "*"}):
        response = await client.put(PATH, json={"weight": 2}, headers={**stale, **more})
        assert (response.status_code, response.json()["code"]) == (412, "RES_003")
        response = await client.put(PATH, json={"weight": 2}, headers={**unclear, **more})
        assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "If-None-Match")
    assert (await client.put(PATH, json={"weight": 2}, headers=lines)).status_code == 422
    # If the request creates what does not exist yet, this is what the client asks for.
    response = await client.put(f"{PATH}/name", headers=stale)
    assert (response.status_code, response.json()["data"]) == (200, "made")


async def test_several_header_lines_are_one_list(client: httpx.AsyncClient) -> None:
    headers = [("If-Match", '"5"'), ("If-Match", '"7"')]
    assert (await client.put(PATH, json={"weight": 2}, headers=headers)).status_code == 200
    headers = [("If-None-Match", '"5"'), ("If-None-Match", '"7"')]
    assert (await client.get(PATH, headers=headers)).status_code == 304


def test_one_of_several_versions_equals_each_of_them() -> None:
    assert [number == AnyVersion(()) for number in (0, -1, 7)] == [False, False, False]
    several = AnyVersion([6, 7])
    assert [number == several for number in (5, 6, 7, 8)] == [False, True, True, False]
    assert [several != number for number in (5, 6, 7, 8)] == [True, False, False, True]


@pytest.mark.parametrize(
    ("if_none_match", "status"),
    [('"7"', 304), ('W/"7"', 304), ('"6", W/"7"', 304), ("*", 304), ('"6"', 200), ("7", 200), ("", 200), ('"7.0"', 200)],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.clause("RFC 9110 13.1.2")
async def test_a_version_that_the_client_has_is_not_sent_again(
    client: httpx.AsyncClient, method: str, if_none_match: str, status: int
) -> None:
    response = await client.request(method, PATH, headers={"If-None-Match": if_none_match})
    assert (response.status_code, response.headers["etag"]) == (status, '"7"')
    assert bool(response.content) == (status == 200 and method == "GET")
    assert ("content-type" in response.headers, "x-not-for-304" in response.headers) == (status == 200, status == 200)
    # The headers of every response.
    assert {"x-request-id", "x-content-type-options", "cache-control"} <= response.headers.keys()


@pytest.mark.parametrize(
    ("if_match", "status"),
    [('"7"', 200), ('"6", "7"', 200), ("*", 200), ('"6"', 412), ('W/"7"', 412), ('"7.0"', 412), ("7", 412), ("", 412)],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.clause("RFC 9110 13.1.1")
async def test_if_match_fails_on_a_read_of_another_version(
    client: httpx.AsyncClient, method: str, if_match: str, status: int
) -> None:
    # If-Match is evaluated first: if it fails, If-None-Match is not.
    for more in ({}, {"If-None-Match": '"7"'}):
        response = await client.request(method, PATH, headers={"If-Match": if_match, **more})
        assert response.status_code == (304 if more and status == 200 else status)
    if status == 412 and method == "GET":
        assert response.json()["code"] == "RES_003"
    # A read that fails without the condition fails the same way with it; a response without a version ignores the condition.
    assert (await client.request(method, "/api/v1/stones/2", headers={"If-Match": if_match})).status_code == 404


async def test_a_failing_read_fails_whatever_the_client_has(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/stones/2", headers={"If-None-Match": "*"})).status_code == 404


async def test_other_shown_data_changes_the_tag_of_the_same_version(client: httpx.AsyncClient) -> None:
    path = f"{PATH}/polish"
    etag = (await client.get(path)).headers["etag"]
    assert (await client.get(path, headers={"If-None-Match": etag})).status_code == 304
    assert (await client.get(f"{path}?shine=2", headers={"If-None-Match": etag})).status_code == 200
    assert (await client.put(PATH, json={"weight": 2}, headers={"If-Match": etag})).status_code == 200


@pytest.mark.clause("RFC 9110 9.3.2")
async def test_head_answers_like_get_without_the_body(client: httpx.AsyncClient) -> None:
    for path in (PATH, "/api/v1/stones/2", "/api/v1/nothing", "/healthz", "/readyz", "/openapi.json"):
        got, asked = await client.get(path), await client.head(path)
        assert (asked.status_code, asked.content) == (got.status_code, b"")
        varying = {"x-request-id", "content-length"}
        assert {name: value for name, value in asked.headers.items() if name not in varying} == {
            name: value for name, value in got.headers.items() if name not in varying
        }
    assert (await client.head("/api/v1/stones")).status_code == 404
    refused = await client.request("DELETE", PATH)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, PUT")


async def test_head_does_not_produce_an_endless_body(app: FastAPI) -> None:
    # On a real server, which would wait for the end before it reads the next request of the connection.
    server, stop = RestServer(app, "127.0.0.1", 0, grace_seconds=1), asyncio.Event()
    await server.start(stop)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
            for _ in range(2):
                response = await client.head(f"{PATH}/dust")
                assert (response.status_code, response.headers["content-type"]) == (200, "text/plain; charset=utf-8")
            assert (await client.get(PATH)).json()["data"] == 1
    finally:
        await server.stop()


def test_tags_may_contain_commas_and_lists_may_have_gaps() -> None:
    assert parse_tags('"a,b" , ,W/"c"') == [EntityTag("a,b"), EntityTag("c", weak=True)]
    assert parse_tags(" * ") is None
    for field in ("", ",", '"a', "a", '"a"b', '"a b"', 'W/ "a"', '*, "a"'):
        with pytest.raises(ValueError, match="entity tag"):
            parse_tags(field)


@pytest.mark.parametrize(("field", "known"), [('W/"a"', True), ('"b","a"', True), ("*", True), ('"b"', False), ("a", False)])
def test_weak_comparison_ignores_weakness(field: str, known: bool) -> None:
    assert is_known(field, '"a"') == is_known(field, 'W/"a"') == known
