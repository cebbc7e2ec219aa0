"""One call being served: checks caller, deadline and request, translates errors, and logs the call."""

import asyncio
import time
from collections.abc import Callable, Collection
from typing import Any, ClassVar, NoReturn

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
# A status waits behind the messages that a stream's reader has not read. It is sent in its turn; nobody waits longer for it.
REFUSING_SECONDS_MAX = 1.0

Behaviour = Callable[[Any, Any], Any]


class ServedCall:
    """A call with one request and one response; the streaming kinds are its subclasses."""

    streams: ClassVar[bool] = False

    def __init__(
        self, method: str, named: Collection[str], metadata: dict[str, Any], behaviour: Behaviour, *, stream_seconds: float
    ) -> None:
        self._method = method
        self._named = named
        self._metadata = metadata
        self._behaviour = behaviour
        self._seconds_max = stream_seconds if self.streams else SERVING_SECONDS_MAX
        self._code = "OK"
        self._outcome = "ok"

    async def serve(self, request: Any, context: Any) -> Any:
        """Serve the call. `request` is a message, or an iterator of messages if the requests stream."""
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
                return await self._guard(request, context)
            except asyncio.CancelledError:
                self._code = self._outcome = "CANCELLED"
                raise
            finally:
                self._record(time.perf_counter() - started)

    async def _guard(self, request: Any, context: Any) -> Any:
        try:
            caller = callers.identify(self._metadata, context)
            callers.require_named(caller, self._named, method=self._method)
            callers.serving.set(caller)
            budget = budget_seconds(context, self._seconds_max)
            with within(budget):
                async with asyncio.timeout(budget):
                    return await self._call_behaviour(request, context)
        except aio.AbortError:
            raise
        except Exception as error:  # noqa: BLE001  # the one place where any error becomes an answer
            await self._refuse(as_domain_error(error), context)

    async def _call_behaviour(self, request: Any, context: Any) -> Any:
        require_valid(request)
        return await self._behaviour(request, context)

    async def _refuse(self, error: DomainError, context: Any) -> NoReturn:
        status = STATUS[error.kind].grpc
        self._code, self._outcome = status.name, error.code
        answer = encode(error, status)
        try:
            async with asyncio.timeout(REFUSING_SECONDS_MAX):
                await context.abort(status, error.message, ((DETAILS_KEY, answer.SerializeToString()),))
        except TimeoutError:
            raise aio.AbortError from None
        raise AssertionError("abort raises")

    def _record(self, seconds: float) -> None:
        RPC_SERVED.labels(self._method, self._code).observe(seconds)
        caller = str(self._metadata.get(callers.SERVICE, ""))[:64]
        telemetry.canonical(
            kind="rpc",
            name=self._method,
            outcome=self._outcome,
            duration_ms=seconds * 1000,
            caller=caller,
            **self._counts(),
        )

    def _counts(self) -> dict[str, int]:
        """Return further fields of the log line."""
        return {}


def require_valid(request: Any) -> None:
    """Validate a request by the rules in its .proto; raises InvalidRequest with all violations."""
    if violations := protovalidate.collect_violations(request):
        raise InvalidRequest((_path(violation.proto.field), violation.proto.message) for violation in violations)


def budget_seconds(context: Any, seconds_max: float) -> float:
    """Return how long to serve a call; raises Unavailable if its deadline has almost passed."""
    remaining = context.time_remaining()
    if remaining is None:
        return seconds_max
    if remaining < LEAST_SECONDS:
        raise Unavailable(reason="the call arrived with too little of its deadline left")
    return min(float(remaining), seconds_max)


def _path(field: Any) -> str:
    """Return a field's path, such as "transfers[0].amount"."""
    parts = []
    for element in field.elements if field else ():
        subscript = element.subscript
        parts.append(element.field_name + (f"[{subscript.value}]" if subscript else ""))
    return ".".join(parts)
