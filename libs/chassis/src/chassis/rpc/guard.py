"""The server interceptor of every method, of all four kinds: each call passes `ServedCall`."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Final

import grpc
from grpc import aio

from chassis.rpc.deadlines import STREAM_SECONDS
from chassis.rpc.served_call import Behaviour, ServedCall
from chassis.rpc.served_streams import ServedStreamStream, ServedStreamUnary, ServedUnaryStream

# Health and reflection belong to the server, not to our servicers.
_PLUMBING = ("/grpc.health.", "/grpc.reflection.")
# Whether the requests and the responses stream, what serves such a call, and gRPC's handler for it.
_Kind = tuple[type[ServedCall], Callable[..., Any]]
_KINDS: Final[Mapping[tuple[bool, bool], _Kind]] = {
    (False, False): (ServedCall, grpc.unary_unary_rpc_method_handler),
    (False, True): (ServedUnaryStream, grpc.unary_stream_rpc_method_handler),
    (True, False): (ServedStreamUnary, grpc.stream_unary_rpc_method_handler),
    (True, True): (ServedStreamStream, grpc.stream_stream_rpc_method_handler),
}


class IncomingCalls(aio.ServerInterceptor):
    """Wraps each of our methods. Only its named callers can call a method."""

    def __init__(self, callers: Mapping[str, Collection[str]], *, stream_seconds: float = STREAM_SECONDS) -> None:
        """`callers`: the services that may call each method, by the method's path. `stream_seconds` limits each stream."""
        self._callers = callers
        self._stream_seconds = stream_seconds

    async def intercept_service(self, continuation: Callable[..., Awaitable[Any]], handler_call_details: Any) -> Any:
        handler = await continuation(handler_call_details)
        method: str = handler_call_details.method
        if handler is None or method.startswith(_PLUMBING):
            return handler
        serving, make_handler = _KINDS[handler.request_streaming, handler.response_streaming]
        call = serving(
            method,
            self._callers.get(method, frozenset()),
            dict(handler_call_details.invocation_metadata or ()),
            _behaviour(handler),
            stream_seconds=self._stream_seconds,
        )
        return make_handler(
            call.serve,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


def _behaviour(handler: Any) -> Behaviour:
    behaviour: Behaviour = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    return behaviour
