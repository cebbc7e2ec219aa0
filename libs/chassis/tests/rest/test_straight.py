"""Operations go the short way unless they use what only FastAPI's own has; what a client sees is the same."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, BackgroundTasks, Cookie, Depends, FastAPI, Header, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from chassis.rest.straight import Shortcut, straight_handler
from chassis.rest.strict_request import StrictRequest


class Stone(BaseModel):
    weight: int


async def scale(x_scale: Annotated[int, Header()] = 1) -> int:
    return x_scale


async def lent() -> AsyncIterator[int]:
    yield 1


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
def test_what_needs_more_of_fastapi_goes_its_way(name: str, *, straight: bool) -> None:
    assert (straight_handler(routes()[name]) is not None) == straight


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
        if short and (handler := straight_handler(route)):
            route.app = _asgi(handler)
        app.router.routes.append(route)
    answers = [await _post(app, path, body, headers) for app in (slow, quick)]
    assert answers[0] == answers[1]


def test_the_shortcut_keeps_the_order_in_which_routes_were_declared() -> None:
    declared = routes()
    for route in declared.values():
        route.is_straight = straight_handler(route) is not None  # type: ignore[attr-defined]  # as ours say of themselves
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
