"""One route: checks access, reads the request strictly, runs the endpoint, and stores the response under its key."""

from collections.abc import Callable, Coroutine, Mapping
from functools import cache
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any, Final, get_args, get_origin

from fastapi import Request, Response, params
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from chassis.rest.access import Access, admit
from chassis.rest.app_state import AppState
from chassis.rest.context import RequestContext
from chassis.rest.deadlines import in_time, stream_in_time
from chassis.rest.etag import unless_known
from chassis.rest.fast_path import FastHandler, fast_handler
from chassis.rest.idempotency import KEY_HEADER, Idempotency, replay_only, require_one_key
from chassis.rest.strict_request import StrictRequest, check_path, check_query
from chassis.rest.uploads import Takes, receive
from chassis.telemetry.context import bind
from kernel.actor import Actor
from kernel.assurance import NONE, Assurance
from kernel.reads import ReadsOf

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Route(APIRoute):
    """One operation. It finds its app's objects in the scope, so that several apps can share a router."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        access: Access | None,
        assurance: Assurance | None,
        others: Assurance | None = None,
        reads: ReadsOf | None = None,
        idempotency: Idempotency,
        moves_money: bool = False,
        body_bytes_max: int | None = None,
        takes: Takes | None = None,
        seconds: float | None = None,
        stream_seconds: float | None = None,
        **options: Any,
    ) -> None:
        body_bytes_max = takes.bytes_max if takes else body_bytes_max
        if body_bytes_max and "{" in path:
            raise ValueError(f"{path} has parameters: body_bytes_max needs a path without parameters")
        self.access = access
        self.assurance = assurance
        self.others = others
        self.reads = reads
        self.idempotency = idempotency
        self.moves_money = moves_money
        self.body_bytes_max = body_bytes_max
        self.takes = takes
        self.seconds = seconds
        self.stream_seconds = stream_seconds
        super().__init__(path, endpoint, **options)
        if self.has_fast_path:
            self.app = self._serve

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._handle(StrictRequest(scope, receive))
        await response(scope, receive, send)

    @property
    def is_unsafe(self) -> bool:
        return not UNSAFE.isdisjoint(self.methods or ())

    @property
    def takes_reason(self) -> bool:
        """Return whether the query has a parameter for the reason of the read."""
        return any(field.alias == "reason" for field in self.dependant.query_params)

    @property
    def keeps_answers(self) -> bool:
        return self.idempotency in {True, "steps"} and self.is_unsafe

    def get_route_handler(self) -> Handler:
        """Wrap FastAPI's handler; called once, when the route is created."""
        _run_inline(self.dependant)
        fast = fast_handler(self)
        self.has_fast_path = fast is not None
        inner: FastHandler = fast or super().get_route_handler()
        query_names = {
            field.alias: _takes_several(field.field_info.annotation)
            for field in get_flat_params(self.dependant)
            if isinstance(field.field_info, params.Query)
        }
        self._handle = _Operation(self, inner, query_names).handle
        return self._handle


class _Operation:
    """Handles one route's requests. It reads the route's properties once."""

    def __init__(self, route: Route, inner: FastHandler, query_names: Mapping[str, bool]) -> None:
        self._route = route
        self._inner = inner
        self._query_names = query_names
        self._takes_body = route.body_field is not None
        self._keeps_answers = route.keeps_answers
        self._keeps_own_keys = route.idempotency == "own"
        self._has_steps = route.idempotency == "steps"
        self._is_unsafe = route.is_unsafe
        self._may_replay = route.is_unsafe and bool(route.idempotency)
        self._assurance = route.assurance or NONE

    async def handle(self, request: Request) -> Response:
        scope = request.scope
        context = RequestContext.of(scope)
        app_state = AppState.of(scope)
        route = self._route
        if route.access is None:
            raise RuntimeError(f"{route.path} has no access rule")
        actor = await admit(
            context,
            route.access,
            app_state,
            assurance=self._assurance,
            may_replay=self._may_replay and KEY_HEADER in request.headers,
            strictly=route.moves_money,
        )
        # For the log lines of this request, and for the peers that it calls.
        bind(actor=actor.subject_id)
        if actor.refusal:
            return await replay_only(actor.refusal, lambda: self._run(request, context, app_state, actor))
        response = await self._run(request, context, app_state, actor)
        if isinstance(response, StreamingResponse):
            self._limit(response)
        return response if self._is_unsafe else unless_known(request, response)

    async def _run(self, request: Request, context: RequestContext, app_state: AppState, actor: Actor) -> Response:
        strict = _strictly(request, self._query_names)
        if self._is_unsafe:
            require_one_key(request)
        seconds = self._route.seconds or app_state.request_seconds
        if self._route.takes:
            async with receive(strict, self._route.takes) as upload:
                content = f"{upload.file.media_type} {upload.file.digest}".encode()
                return await in_time(seconds, lambda: self._answer(strict, context, app_state, actor, content))
        if self._takes_body:
            await strict.check_body()
        content = await strict.body() if self._is_unsafe else b""
        return await in_time(seconds, lambda: self._answer(strict, context, app_state, actor, content))

    async def _answer(
        self, strict: StrictRequest, context: RequestContext, app_state: AppState, actor: Actor, content: bytes
    ) -> Response:
        """`content` is the body, or stands for it, to compare a repeated request with the first."""
        if self._keeps_answers and app_state.idempotency:
            asked = app_state.idempotency.scope_of(strict, self._route.path_format, actor, content, has_steps=self._has_steps)
            if asked:
                return await app_state.idempotency.run(asked, context, lambda: self._run_admitted(strict, actor))
        return await (self._inner(strict) if self._keeps_own_keys else self._run_admitted(strict, actor))

    async def _run_admitted(self, request: StrictRequest, actor: Actor) -> Response:
        actor.require_admitted()
        return await self._inner(request)

    def _limit(self, response: StreamingResponse) -> None:
        if self._route.stream_seconds is None:
            raise TypeError(f"{self._route.path} streams its response: declare stream_seconds")
        response.body_iterator = stream_in_time(response.body_iterator, self._route.stream_seconds)


def _takes_several(annotation: object) -> bool:
    """Return whether a parameter is a list, which clients send by repeating it."""
    return get_origin(annotation) is list or any(_takes_several(part) for part in get_args(annotation))


def _strictly(request: Request, query_names: Mapping[str, bool]) -> StrictRequest:
    """Return the request after checking that the operation knows its path and query parameters."""
    scope = request.scope
    if "\0" in scope["path"]:
        check_path(request)
    if scope["query_string"]:
        check_query(request, query_names)
    return request if isinstance(request, StrictRequest) else StrictRequest(scope, request.receive)


def _run_inline(dependant: Dependant) -> None:
    """Run plain functions among the dependencies inline: FastAPI would run each on a thread."""
    for dependency in dependant.dependencies:
        call = dependency.call
        if isgeneratorfunction(call):
            raise TypeError(f"{call.__name__} is a plain generator; a dependency with clean-up must be an async generator")
        if call and not iscoroutinefunction(call) and not isasyncgenfunction(call):
            dependency.call = _inline(call)
        _run_inline(dependency)


# Cached, because FastAPI recognizes a shared dependency by identity.
@cache
def _inline(call: Callable[..., Any]) -> Callable[..., Any]:
    async def inline(**values: Any) -> Any:
        return call(**values)

    return inline
