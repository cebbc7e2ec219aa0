"""The outermost layer: pure ASGI, one object a request."""

import time
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.rest import observing
from chassis.rest.context import RequestContext, TrustedProxies, current_request
from chassis.rest.failures import render

_SECURITY_HEADERS: Final = [
    (b"strict-transport-security", b"max-age=63072000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]


class Door:
    """Request id, client address, body limit, security headers, errors as envelopes, one log line, metrics."""

    def __init__(self, app: ASGIApp, *, proxies: TrustedProxies, body_bytes_max: int) -> None:
        self._app = app
        self._proxies = proxies
        self._body_bytes_max = body_bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        context = RequestContext.begin(scope, self._proxies)
        token = current_request.set(context)
        sending = _Sending(send, context, scope)
        try:
            with observing.trace(scope, context):
                try:
                    await self._app(scope, self._limited(scope, receive), sending)
                except Exception as exc:  # noqa: BLE001  # the edge: whatever it is, the caller gets an envelope
                    response = render(exc, context)
                    if sending.status:
                        raise
                    await response(scope, receive, sending)
        finally:
            current_request.reset(token)
            observing.finish(scope, context, sending.status or 500, time.perf_counter() - started)

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        length = next((value for name, value in scope["headers"] if name == b"content-length"), None)
        if length is not None and length.isdigit():
            if int(length) > self._body_bytes_max:
                raise HTTPException(413)
            # The server holds the client to its Content-Length.
            return receive
        remaining = self._body_bytes_max

        async def counted() -> Message:
            nonlocal remaining
            message = await receive()
            remaining -= len(message.get("body", b""))
            if remaining < 0:
                raise HTTPException(413)
            return message

        return counted


class _Sending:
    """Adds what every answer carries, and remembers its status."""

    __slots__ = ("_context", "_scope", "_send", "status")

    def __init__(self, send: Send, context: RequestContext, scope: Scope) -> None:
        self._send = send
        self._context = context
        self._scope = scope
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message["headers"]
            given = {name for name, _ in headers}
            headers.extend(header for header in _SECURITY_HEADERS if header[0] not in given)
            headers.append((b"x-request-id", self._context.request_id.encode("latin-1")))
        await self._send(message)
