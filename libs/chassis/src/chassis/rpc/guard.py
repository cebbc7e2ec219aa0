"""The server interceptor of every method: checks caller, deadline and request, translates errors, and logs the call."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, NoReturn

import grpc
import protovalidate
from grpc import aio

from chassis import telemetry
from chassis.errors import STATUS, as_domain_error
from chassis.rpc import callers
from chassis.rpc.deadlines import LEAST_SECONDS, within
from chassis.rpc.status import DETAILS_KEY, InvalidRequest, encode
from chassis.telemetry.metrics import RPC_SERVED
from kernel.errors import DomainError, Unavailable

# For callers that set no deadline (grpcurl), or one that is too long.
SERVING_SECONDS_MAX = 10.0
# Health and reflection belong to the server, not to our servicers.
_PLUMBING = ("/grpc.health.", "/grpc.reflection.")

Behaviour = Callable[[Any, Any], Awaitable[Any]]


class IncomingCalls(aio.ServerInterceptor):
    """Wraps each of our methods, which are all unary (see `_Call`). Only its named callers can call a method."""

    def __init__(self, callers: Mapping[str, Collection[str]]) -> None:
        """`callers`: the services that may call each method, by the method's path."""
        self._callers = callers

    async def intercept_service(self, continuation: Callable[..., Awaitable[Any]], handler_call_details: Any) -> Any:
        handler = await continuation(handler_call_details)
        method: str = handler_call_details.method
        if handler is None or method.startswith(_PLUMBING):
            return handler
        if handler.unary_unary is None:
            # It would be served without checks: answer that it does not exist.
            return None
        metadata = dict(handler_call_details.invocation_metadata or ())
        return grpc.unary_unary_rpc_method_handler(
            _Call(method, self._callers.get(method, frozenset()), metadata, handler.unary_unary).serve,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


class _Call:
    """One call being served."""

    def __init__(self, method: str, named: Collection[str], metadata: dict[str, Any], behaviour: Behaviour) -> None:
        self._method = method
        self._named = named
        self._metadata = metadata
        self._behaviour = behaviour
        self._code = "OK"
        self._outcome = "ok"

    async def serve(self, request: Any, context: Any) -> Any:
        started = time.perf_counter()
        fields: dict[str, object] = {}
        if actor := self._metadata.get(callers.ON_BEHALF_OF):
            fields["actor"] = str(actor)[:64]
        request_id = str(self._metadata.get(callers.REQUEST_ID, ""))
        with (
            telemetry.continue_trace(self._metadata.get(callers.TRACEPARENT), self._method),
            telemetry.bind_request(request_id, **fields),
        ):
            try:
                return await self._call_behaviour(request, context)
            except asyncio.CancelledError:
                self._code = self._outcome = "CANCELLED"
                raise
            finally:
                self._record(time.perf_counter() - started)

    async def _call_behaviour(self, request: Any, context: Any) -> Any:
        try:
            caller = callers.identify(self._metadata, context)
            callers.require_named(caller, self._named, method=self._method)
            callers.serving.set(caller)
            budget = _budget_seconds(context)
            require_valid(request)
            with within(budget):
                async with asyncio.timeout(budget):
                    return await self._behaviour(request, context)
        except aio.AbortError:
            raise
        except Exception as error:  # noqa: BLE001  # the one place where any error becomes an answer
            await self._refuse(as_domain_error(error), context)

    async def _refuse(self, error: DomainError, context: Any) -> NoReturn:
        status = STATUS[error.kind].grpc
        self._code, self._outcome = status.name, error.code
        answer = encode(error, status)
        await context.abort(status, error.message, ((DETAILS_KEY, answer.SerializeToString()),))
        raise AssertionError("abort raises")

    def _record(self, seconds: float) -> None:
        RPC_SERVED.labels(self._method, self._code).observe(seconds)
        caller = str(self._metadata.get(callers.SERVICE, ""))[:64]
        telemetry.canonical(kind="rpc", name=self._method, outcome=self._outcome, duration_ms=seconds * 1000, caller=caller)


def require_valid(request: Any) -> None:
    """Validate a request by the rules in its .proto; raises InvalidRequest with all violations."""
    if violations := protovalidate.collect_violations(request):
        raise InvalidRequest((_path(violation.proto.field), violation.proto.message) for violation in violations)


def _path(field: Any) -> str:
    """Return a field's path, such as "transfers[0].amount"."""
    parts = []
    for element in field.elements if field else ():
        subscript = element.subscript
        parts.append(element.field_name + (f"[{subscript.value}]" if subscript else ""))
    return ".".join(parts)


def _budget_seconds(context: Any) -> float:
    remaining = context.time_remaining()
    if remaining is None:
        return SERVING_SECONDS_MAX
    if remaining < LEAST_SECONDS:
        raise Unavailable(reason="the call arrived with too little of its deadline left")
    return min(float(remaining), SERVING_SECONDS_MAX)
