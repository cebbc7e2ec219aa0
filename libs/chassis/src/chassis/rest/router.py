"""Routes: access checked first, then the body read strictly, then the endpoint."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar

import orjson
from fastapi import APIRouter, Request, Response, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from chassis.rest.access import Access, admit
from chassis.rest.context import RequestContext
from chassis.rest.entrance import Entrance
from chassis.rest.idempotency import Idempotency, scope_of

EndpointT = TypeVar("EndpointT", bound=Callable[..., Any])
Handler = Callable[[Request], Coroutine[Any, Any, Response]]

API_BASE = "/api/v1"
_UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class StrictRequest(Request):
    """Reads JSON by orjson, which refuses NaN, infinities, lone surrogates and deep nesting; refuses NUL as well."""

    async def json(self) -> Any:
        if not hasattr(self, "_parsed"):
            body = await self.body()
            try:
                self._parsed = orjson.loads(body)
            except orjson.JSONDecodeError:
                raise _invalid(("body",), "The body is not valid JSON.") from None
            # Most bodies hold no such escape, and are not walked.
            if b"\\u0000" in body and (path := _find_nul(self._parsed, ())) is not None:
                raise _invalid(("body", *path), "NUL characters are not allowed")
        return self._parsed


class Route(APIRoute):
    """One operation. What it needs to know of its app it finds in the scope."""

    def __init__(
        self, path: str, endpoint: Callable[..., Any], *, access: Access | None, idempotency: Idempotency, **options: Any
    ) -> None:
        self.access = access
        self.idempotency = idempotency
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Handler:
        inner = super().get_route_handler()
        query_names = frozenset(
            field.alias for field in get_flat_params(self.dependant) if isinstance(field.field_info, params.Query)
        )
        takes_body = self.body_field is not None

        async def handle(request: Request) -> Response:
            scope = request.scope
            context = RequestContext.of(scope)
            entrance = Entrance.of(scope)
            if self.access is None:
                raise RuntimeError(f"{self.path} has no access rule")
            actor = await admit(context, self.access, entrance)
            if scope["query_string"]:
                _check_query(request, query_names)
            strict = StrictRequest(scope, request.receive)
            if takes_body and await strict.body():
                _check_content_type(strict)
                await strict.json()
            keeping = self.idempotency is True and entrance.idempotency and request.method in _UNSAFE
            if keeping and entrance.idempotency:
                asked = scope_of(strict, self.path_format, actor, await strict.body())
                if asked:
                    return await entrance.idempotency.run(asked, context, lambda: inner(strict))
            return await inner(strict)

        return handle


class Router(APIRouter):
    """A noun's routes, under /api/v1 (or another base, such as "" for /.well-known).

    Unsafe routes keep an optional Idempotency-Key for themselves; `idempotency="own"` leaves it to the use case,
    `idempotent=False` (router) or `idempotency=False` (route) takes none.
    """

    def __init__(
        self, prefix: str = "", *, tags: Sequence[str] = (), base: str = API_BASE, idempotent: bool = True, **options: Any
    ) -> None:
        super().__init__(prefix=base + prefix, tags=list(tags), **options)
        self._idempotent = idempotent

    def operation(
        self, method: str, path: str, *, idempotency: Idempotency | None = None, **options: Any
    ) -> Callable[[EndpointT], EndpointT]:
        def register(endpoint: EndpointT) -> EndpointT:
            self.routes.append(self._route(method, path, endpoint, idempotency, options))
            return endpoint

        return register

    def _route(
        self, method: str, path: str, endpoint: Callable[..., Any], idempotency: Idempotency | None, options: dict[str, Any]
    ) -> Route:
        given: list[params.Depends] = [*self.dependencies, *options.pop("dependencies", ())]
        rules = [rule for rule in given if isinstance(rule, Access)]
        return Route(
            self.prefix + path,
            endpoint,
            access=rules[-1] if rules else None,
            idempotency=(self._idempotent and method in _UNSAFE) if idempotency is None else idempotency,
            methods=[method],
            dependencies=[dependency for dependency in given if not isinstance(dependency, Access)],
            tags=[*self.tags, *options.pop("tags", ())],
            operation_id=options.pop("operation_id", endpoint.__name__),
            **options,
        )

    # FastAPI's own verbs spell out thirty parameters each; ours take one more and pass the rest on.
    def get(self, path: str, **options: Any) -> Callable[[EndpointT], EndpointT]:
        return self.operation("GET", path, **options)

    def post(self, path: str, **options: Any) -> Callable[[EndpointT], EndpointT]:
        return self.operation("POST", path, **options)

    def put(self, path: str, **options: Any) -> Callable[[EndpointT], EndpointT]:
        return self.operation("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> Callable[[EndpointT], EndpointT]:
        return self.operation("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> Callable[[EndpointT], EndpointT]:
        return self.operation("DELETE", path, **options)


def _check_query(request: Request, known: frozenset[str]) -> None:
    for name, value in request.query_params.multi_items():
        if name not in known:
            raise _invalid(("query", name), "Unknown query parameter")
        if "\0" in value:
            raise _invalid(("query", name), "NUL characters are not allowed")


def _check_content_type(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not (media_type.startswith("application/") and media_type.endswith("+json")):
        raise HTTPException(415)


def _find_nul(value: object, path: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the path of the first text with a NUL in it."""
    if isinstance(value, str):
        return path if "\0" in value else None
    if isinstance(value, dict):
        children = [(name, child) for name, child in value.items()]
        if any("\0" in name for name in value):
            return path
    else:
        children = [(str(index), child) for index, child in enumerate(value)] if isinstance(value, list) else []
    for name, child in children:
        if (found := _find_nul(child, (*path, name))) is not None:
            return found
    return None


def _invalid(location: tuple[str, ...], message: str) -> RequestValidationError:
    return RequestValidationError([{"type": "value_error", "loc": location, "msg": message, "input": None}])
