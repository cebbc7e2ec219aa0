"""A faster path through FastAPI for operations that use few of its features: nearly all operations.

FastAPI prepares every request for exit stacks, forms, streams, background tasks and threads. The fast path inspects an operation
once, and then runs only what the operation declares. It uses FastAPI's own fields, dependencies, responses and errors.
Operations that it does not support take FastAPI's path.
"""

from collections.abc import Callable, Coroutine, Sequence
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any

from fastapi import Response, params
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_body_to_args, request_params_to_args
from fastapi.exceptions import RequestValidationError, ResponseValidationError
from fastapi.routing import APIRoute
from fastapi.utils import is_body_allowed_for_status_code
from pydantic_core import PydanticUndefined
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.rest.strict_request import StrictRequest

FastHandler = Callable[[StrictRequest], Coroutine[Any, Any, Response]]


def fast_handler(route: APIRoute) -> FastHandler | None:
    """Return the route's fast handler, None if the route needs features that the fast path does not support."""
    dependant, answer = route.dependant, route.response_field
    status_code = route.status_code or 200
    plain = isinstance(route.response_class, DefaultPlaceholder) and not route.response_model_exclude_unset
    narrowed = route.response_model_include or route.response_model_exclude or route.response_model_exclude_none
    if not plain or narrowed or answer is None or not is_body_allowed_for_status_code(status_code) or not _is_plain(dependant):
        return None
    if not route.response_model_by_alias or route.response_model_exclude_defaults or _takes_form(route):
        return None
    endpoint = dependant.call

    async def handle(request: StrictRequest) -> Response:
        body = await request.json() if route.body_field and await request.body() else PydanticUndefined
        shell = _shell()
        errors: list[Any] = []
        values = await _solve(dependant, request, body, shell, errors, {}, embed=route._embed_body_fields)  # noqa: SLF001
        if errors:
            raise RequestValidationError(errors, body=None if body is PydanticUndefined else body)
        answered = await endpoint(**values)  # type: ignore[misc]  # _is_plain has seen that it is a coroutine function
        if isinstance(answered, Response):
            return answered
        content, errors = answer.validate(answered, {}, loc=("response",))
        if errors:
            raise ResponseValidationError(errors, body=answered)
        status = shell.status_code or status_code
        response = Response(answer.serialize_json(content), status, media_type="application/json")
        response.raw_headers += shell.raw_headers
        return response

    return handle


def _shell() -> Response:
    """Make the response on which an endpoint may set headers or a status; it is not sent itself."""
    shell = Response()
    shell.raw_headers.clear()
    shell.status_code = None  # type: ignore[assignment]  # none was asked for, as FastAPI has it
    return shell


def _is_plain(dependant: Dependant) -> bool:
    call = dependant.call
    return (
        iscoroutinefunction(call)
        and not isasyncgenfunction(call)
        and not isgeneratorfunction(call)
        and dependant.concurrency is None
        and not dependant.cookie_params
        and not dependant.background_tasks_param_name
        and not dependant.security_scopes_param_name
        and not dependant.websocket_param_name
        and all(_is_plain(dependency) for dependency in dependant.dependencies)
    )


def _takes_form(route: APIRoute) -> bool:
    fields = [*route.dependant.body_params, *([route.body_field] if route.body_field else ())]
    return any(isinstance(field.field_info, params.Form) for field in fields)


class Shortcut:
    """Finds the operation of a path without parameters in one lookup; the router tries one route after another."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._found: dict[tuple[str, str], APIRoute] = {}
        for route in routes:
            if getattr(route, "has_fast_path", False) and isinstance(route, APIRoute) and "{" not in route.path:
                for method in route.methods or ():
                    if _first(routes, method, route.path) is route:
                        self._found[method, route.path] = route

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._found.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if route is None or scope.get("root_path"):
            await self._app(scope, receive, send)
            return
        scope.update(endpoint=route.endpoint, path_params={}, route=route)
        await route.app(scope, receive, send)


def _first(routes: Sequence[BaseRoute], method: str, path: str) -> BaseRoute | None:
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
    return next((route for route in routes if _may_match(route, path) and route.matches(scope)[0] is Match.FULL), None)


def _may_match(route: BaseRoute, path: str) -> bool:
    # Matching takes 5 µs, and hundreds of routes are matched with each other at every start.
    return not isinstance(route, APIRoute) or "{" in route.path or route.path == path


async def _solve(
    dependant: Dependant,
    request: StrictRequest,
    body: Any,
    shell: Response,
    errors: list[Any],
    solved: dict[Any, Any],
    *,
    embed: bool,
) -> dict[str, Any]:
    """Return the arguments of a call, including its dependencies' results; validation errors are added to `errors`."""
    values: dict[str, Any] = {}
    for dependency in dependant.dependencies:
        call = dependency.call
        before = len(errors)
        arguments = await _solve(dependency, request, body, shell, errors, solved, embed=embed)
        if len(errors) > before:
            continue
        if not dependency.use_cache or call not in solved:
            solved[call] = await call(**arguments)  # type: ignore[misc]  # see _is_plain
        if dependency.name is not None:
            values[dependency.name] = solved[call]
    _read(dependant, request, values, errors)
    if dependant.body_params:
        found, wrong = await request_body_to_args(body_fields=dependant.body_params, received_body=body, embed_body_fields=embed)
        values.update(found)
        errors.extend(wrong)
    if dependant.request_param_name:
        values[dependant.request_param_name] = request
    if dependant.http_connection_param_name:
        values[dependant.http_connection_param_name] = request
    if dependant.response_param_name:
        values[dependant.response_param_name] = shell
    return values


def _read(dependant: Dependant, request: StrictRequest, values: dict[str, Any], errors: list[Any]) -> None:
    """Read the declared parameters of path, query and headers."""
    given: list[tuple[list[Any], Any]] = []
    if dependant.path_params:
        given.append((dependant.path_params, request.path_params))
    if dependant.query_params:
        given.append((dependant.query_params, request.query_params))
    if dependant.header_params:
        given.append((dependant.header_params, request.headers))
    for fields, source in given:
        found, wrong = request_params_to_args(fields, source)
        values.update(found)
        errors.extend(wrong)
