"""Operations use the fast path unless they need a feature of FastAPI's own; clients see no difference."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, BackgroundTasks, Cookie, Depends, FastAPI, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.requests import HTTPConnection

from chassis.rest.fast_path import Shortcut, fast_handler
from chassis.rest.strict_request import StrictRequest


class Stone(BaseModel):
    weight: int


async def scale(x_scale: Annotated[int, Header()] = 1) -> int:
    return x_scale


async def lent() -> AsyncIterator[int]:
    yield 1


async def calls(request: Request) -> int:
    """Return how often it was called for this request."""
    request.state.calls = getattr(request.state, "calls", 0) + 1
    return int(request.state.calls)


async def labelled(response: Response, factor: Annotated[int, Depends(scale)]) -> None:
    response.headers["x-label"] = str(factor)


class Named(BaseModel):
    name: str = Field(alias="theName")
    note: str | None = None


def other_routes() -> dict[str, APIRoute]:
    router = APIRouter()

    @router.get("/counted")
    async def counted(
        one: Annotated[int, Depends(calls)],
        same: Annotated[int, Depends(calls)],
        other: Annotated[int, Depends(calls, use_cache=False)],
    ) -> Stone:
        return Stone(weight=100 * one + 10 * same + other)

    @router.get("/labelled", dependencies=[Depends(labelled)])
    async def label() -> Stone:
        return Stone(weight=1)

    @router.get("/itself")
    async def itself(response: Response) -> Stone:
        response.headers["x-lost"] = "1"
        return Response(b'{"by": "hand"}', 207, {"x-own": "1"}, "application/json")  # type: ignore[return-value]

    @router.get("/origin")
    async def origin(request: Request, connection: HTTPConnection) -> Stone:
        return Stone(weight=len(request.url.path) + len(connection.url.query))

    @router.get("/many")
    async def many(number: Annotated[list[int], Query()], named: Annotated[int, Query(alias="the-name", ge=2)] = 2) -> Stone:
        return Stone(weight=sum(number) * named)

    @router.get("/named")
    async def named() -> Named:
        return Named(theName="x")

    @router.post("/maybe")
    async def maybe(stone: Stone | None = None) -> Stone:
        return stone or Stone(weight=-1)

    @router.post("/two")
    async def two(first: Stone, second: Stone) -> Stone:
        return Stone(weight=10 * first.weight + second.weight)

    return {route.name: route for route in router.routes if isinstance(route, APIRoute)}


def routes() -> dict[str, APIRoute]:
    router = APIRouter()

    @router.post("/stones/{number}", status_code=201)
    async def put(number: int, stone: Stone, factor: Annotated[int, Depends(scale)], response: Response, times: int = 1) -> Stone:
        response.headers["x-number"] = str(number)
        if stone.weight == 0:
            response.status_code = 202
        return Stone(weight=stone.weight * factor * times)

    @router.get("/stones/first")
    async def first() -> Stone:
        return Stone(weight=1)

    @router.get("/stones/{number}")
    async def get(number: int) -> Stone:
        return Stone(weight=number)

    @router.get("/stones/last")
    async def hidden() -> Stone:
        return Stone(weight=0)

    @router.get("/lent")
    async def borrow(value: Annotated[int, Depends(lent)]) -> Stone:
        return Stone(weight=value)

    @router.get("/later")
    async def later(tasks: BackgroundTasks) -> Stone:
        tasks.add_task(print)
        return Stone(weight=1)

    @router.get("/cookie")
    async def cookie(jar: Annotated[str, Cookie()] = "") -> Stone:
        return Stone(weight=len(jar))

    return {route.name: route for route in router.routes if isinstance(route, APIRoute)}


@pytest.mark.parametrize(
    ("name", "straight"), [("put", True), ("get", True), ("borrow", False), ("later", False), ("cookie", False)]
)
def test_operations_that_need_more_of_fastapi_use_its_own_path(name: str, *, straight: bool) -> None:
    assert (fast_handler(routes()[name]) is not None) == straight


@pytest.mark.parametrize(
    ("options", "straight"),
    [
        ({}, True),
        ({"status_code": 201}, True),
        ({"status_code": 204, "response_model": None}, False),
        ({"response_model": None}, False),
        ({"response_class": JSONResponse}, False),
        ({"response_model_exclude_unset": True}, False),
        ({"response_model_exclude_defaults": True}, False),
        ({"response_model_exclude_none": True}, False),
        ({"response_model_include": {"name"}}, False),
        ({"response_model_exclude": {"note"}}, False),
        ({"response_model_by_alias": False}, False),
    ],
    ids=str,
)
def test_a_response_with_other_options_uses_fastapis_own_path(options: dict[str, Any], *, straight: bool) -> None:
    async def endpoint() -> Named:
        return Named(theName="x")

    assert (fast_handler(APIRoute("/named", endpoint, **options)) is not None) == straight


@pytest.mark.parametrize(
    ("name", "path", "body"),
    [
        ("counted", "/counted", None),
        ("label", "/labelled", None),
        ("itself", "/itself", None),
        ("origin", "/origin?a=b", None),
        ("many", "/many?number=1&number=2&the-name=3", None),
        ("many", "/many?number=x&the-name=1", None),
        ("many", "/many", None),
        ("named", "/named", None),
        ("maybe", "/maybe", None),
        ("maybe", "/maybe", {"weight": 3}),
        ("maybe", "/maybe", {"weight": None}),
        ("two", "/two", {"first": {"weight": 1}, "second": {"weight": 2}}),
        ("two", "/two", {"first": {"weight": 1}}),
    ],
)
async def test_the_response_equals_fastapis_whatever_an_operation_uses(name: str, path: str, body: object) -> None:
    slow, quick = FastAPI(), FastAPI()
    for app, short in ((slow, False), (quick, True)):
        route = other_routes()[name]
        if short:
            handler = fast_handler(route)
            assert handler
            route.app = _asgi(handler)
        app.router.routes.append(route)
    answers = []
    for app in (slow, quick):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            method = "GET" if body is None and name != "maybe" else "POST"
            answer = await client.request(method, path, json=body, headers={"x-scale": "5"})
        answers.append((answer.status_code, dict(answer.headers), answer.json()))
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/stones/7", {"weight": 3}, {}),
        ("/stones/7?times=2", {"weight": 3}, {"x-scale": "5"}),
        ("/stones/7", {"weight": 0}, {}),
        ("/stones/x?times=y", {"weight": "heavy"}, {"x-scale": "z"}),
        ("/stones/7", {}, {}),
    ],
)
async def test_a_client_sees_no_difference(path: str, body: dict[str, object], headers: dict[str, str]) -> None:
    slow, quick = FastAPI(), FastAPI()
    for app, short in ((slow, False), (quick, True)):
        route = routes()["put"]
        if short and (handler := fast_handler(route)):
            route.app = _asgi(handler)
        app.router.routes.append(route)
    answers = [await _post(app, path, body, headers) for app in (slow, quick)]
    assert answers[0] == answers[1]


def test_the_fast_path_keeps_the_order_in_which_routes_were_declared() -> None:
    declared = routes()
    for route in declared.values():
        route.has_fast_path = fast_handler(route) is not None  # type: ignore[attr-defined]  # as our routes have it
    found = Shortcut(FastAPI(), list(declared.values()))._found
    assert found[("GET", "/stones/first")] is declared["first"]
    assert ("GET", "/stones/last") not in found
    assert ("GET", "/lent") not in found


def _asgi(handler):
    from fastapi.exception_handlers import request_validation_exception_handler  # noqa: PLC0415
    from fastapi.exceptions import RequestValidationError  # noqa: PLC0415

    async def app(scope, receive, send):
        request = StrictRequest(scope, receive)
        try:
            response = await handler(request)
        except RequestValidationError as error:
            response = await request_validation_exception_handler(request, error)
        await response(scope, receive, send)

    return app


async def _post(app: FastAPI, path: str, body: dict[str, object], headers: dict[str, str]) -> tuple[int, dict[str, str], object]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.post(path, json=body, headers=headers)
    return answer.status_code, dict(answer.headers), answer.json()
