"""What every call to a peer carries: deadline, identity and trace; and the translation of its error."""

import time
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial
from typing import Any

from grpc import aio
from opentelemetry.trace import SpanKind

from chassis import telemetry
from chassis.rpc import callers
from chassis.rpc.deadlines import call_timeout
from chassis.rpc.status import decode
from chassis.telemetry.context import acting_subject
from chassis.telemetry.metrics import RPC_CALLED

Continuation = Callable[..., Any]


class _OutgoingCalls:
    """The common part of the interceptors; gRPC needs one for each kind of call."""

    def __init__(self, service: str, peer: str, *, stream_seconds: float) -> None:
        self._service = service
        self._peer = peer
        self._stream_seconds = stream_seconds

    def _details(self, given: aio.ClientCallDetails, timeout: float) -> aio.ClientCallDetails:
        return aio.ClientCallDetails(
            given.method, timeout, self._metadata(given.metadata), given.credentials, given.wait_for_ready
        )

    def _stream_details(self, given: aio.ClientCallDetails) -> aio.ClientCallDetails:
        timeout = call_timeout(self._stream_seconds if given.timeout is None else given.timeout)
        # A span that stayed current while the caller reads would be the parent of the caller's own work.
        with self._span(given):
            return self._details(given, timeout)

    def _span(self, given: aio.ClientCallDetails) -> AbstractContextManager[Any]:
        return telemetry.span(_text(given.method), kind=SpanKind.CLIENT)

    def _metadata(self, given: aio.Metadata | None) -> aio.Metadata:
        metadata = aio.Metadata(*(given or ()))
        metadata[callers.SERVICE] = self._service
        for key, value in (
            (callers.REQUEST_ID, telemetry.request_id()),
            (callers.ON_BEHALF_OF, acting_subject()),
            (callers.TRACEPARENT, telemetry.traceparent()),
        ):
            if value:
                metadata[key] = value
        return metadata

    async def _response(self, call: Any, given: aio.ClientCallDetails) -> Any:
        """Return the one response of a call."""
        started, code = time.perf_counter(), "CANCELLED"
        try:
            response = await call
            code = "OK"
        except aio.AioRpcError as error:
            code = error.code().name
            raise decode(error, self._peer) from error
        finally:
            self._observe(given, code, started)
        return response

    async def _responses(self, call: Any, given: aio.ClientCallDetails) -> AsyncIterator[Any]:
        """Return the responses of a call as they arrive."""
        started, code = time.perf_counter(), "CANCELLED"
        try:
            async for response in call:
                yield response
            code = "OK"
        except aio.AioRpcError as error:
            code = error.code().name
            raise decode(error, self._peer) from error
        finally:
            self._observe(given, code, started)

    def _observe(self, given: aio.ClientCallDetails, code: str, started: float) -> None:
        RPC_CALLED.labels(self._peer, _text(given.method), code).observe(time.perf_counter() - started)


class OutgoingUnaryUnary(_OutgoingCalls, aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(
        self, continuation: Continuation, client_call_details: aio.ClientCallDetails, request: Any
    ) -> Any:
        timeout = call_timeout(client_call_details.timeout)
        with self._span(client_call_details):
            call = await continuation(self._details(client_call_details, timeout), request)
            await self._response(call, client_call_details)
        return call


class OutgoingUnaryStream(_OutgoingCalls, aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(
        self, continuation: Continuation, client_call_details: aio.ClientCallDetails, request: Any
    ) -> Any:
        call = await continuation(self._stream_details(client_call_details), request)
        return self._responses(call, client_call_details)


class OutgoingStreamUnary(_OutgoingCalls, aio.StreamUnaryClientInterceptor):
    async def intercept_stream_unary(
        self, continuation: Continuation, client_call_details: aio.ClientCallDetails, request_iterator: Any
    ) -> Any:
        call = await continuation(self._stream_details(client_call_details), request_iterator)
        return _Awaited(call, partial(self._response, call, client_call_details))


class OutgoingStreamStream(_OutgoingCalls, aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(
        self, continuation: Continuation, client_call_details: aio.ClientCallDetails, request_iterator: Any
    ) -> Any:
        call = await continuation(self._stream_details(client_call_details), request_iterator)
        return self._responses(call, client_call_details)


class _Awaited:
    """A call whose response is awaited later, because the caller may first write the requests to it."""

    def __init__(self, call: Any, response: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self._call = call
        self._response = response

    def __await__(self) -> Generator[Any, None, Any]:
        return self._response().__await__()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)


@asynccontextmanager
async def reading(call: Any) -> AsyncIterator[AsyncIterator[Any]]:
    """Return the responses of a stream, whose call ends with the block.

    `async with reading(stub.List(request)) as responses: async for each in responses: ...`. Without it, a caller that stops
    reading before the end leaves the call open until its deadline.
    """
    try:
        yield aiter(call)
    finally:
        call.cancel()


def outgoing_calls(service: str, peer: str, *, stream_seconds: float) -> list[aio.ClientInterceptor]:
    """Return the interceptors of a channel."""
    kinds = (OutgoingUnaryUnary, OutgoingUnaryStream, OutgoingStreamUnary, OutgoingStreamStream)
    return [kind(service, peer, stream_seconds=stream_seconds) for kind in kinds]


def _text(method: str | bytes) -> str:
    return method.decode() if isinstance(method, bytes) else method
