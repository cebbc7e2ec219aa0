"""The outermost layer of a REST app, in pure ASGI."""

import time
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.http import CLIENT_GONE, CONTENT_SECURITY_POLICY, NO_STORE, SECURITY
from chassis.rest import access_log
from chassis.rest.context import RequestContext, current_request
from chassis.rest.error_responses import render
from chassis.telemetry import continue_trace
from chassis.telemetry.context import bind, unbind
from chassis.trusted_proxies import TrustedProxies

_SECURITY_HEADERS: Final = (*SECURITY, CONTENT_SECURITY_POLICY)


class _HeadAnswered(Exception):
    """Ends a HEAD request at the start of the response body, which is not sent."""


class HttpMiddleware:
    """Handles HEAD as GET; adds request id, client address, body limit, headers, error envelopes, log line, metrics, span."""

    def __init__(
        self, app: ASGIApp, *, proxies: TrustedProxies, body_bytes_max: int, larger: Mapping[str, int] | None = None
    ) -> None:
        """`larger` are the limits of paths that accept larger bodies."""
        self._app = app
        self._proxies = proxies
        self._body_bytes_max = body_bytes_max
        self._larger = larger or {}

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
        sending = _ResponseSender(send, context, scope)
        method = scope["method"]
        if method == "HEAD":
            # Change a copy: the server must still see HEAD, so that it sends no body. Ranges are for GET only (RFC 9110 14.2).
            headers = [header for header in scope["headers"] if header[0] != b"range"]
            scope = {**scope, "method": "GET", "headers": headers}
        if scope["path"] in access_log.UNOBSERVED:
            await self._run_app(scope, receive, sending, context)
            return
        token = current_request.set(context)
        bound = bind(request_id=context.request_id, actor="")
        try:
            with continue_trace(context.traceparent, method):
                await self._run_app(scope, receive, sending, context)
                access_log.finish({**scope, "method": method}, context, sending.status, time.perf_counter() - started)
        finally:
            unbind(bound)
            current_request.reset(token)

    async def _run_app(self, scope: Scope, receive: Receive, sending: "_ResponseSender", context: RequestContext) -> None:
        try:
            await self._app(scope, self._limited(scope, receive), sending)
        except _HeadAnswered:
            return
        except ClientDisconnect:
            context.error_code, sending.status = "REQ_GONE", CLIENT_GONE
        except Exception as exc:
            response = render(exc, context, scope)
            if sending.status:
                # The response has begun: the server can only close the connection.
                raise
            await response(scope, receive, sending)

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        body_bytes_max = self._larger.get(scope["path"], self._body_bytes_max)
        for name, value in scope["headers"]:
            if name == b"content-length":
                if value.isdigit() and int(value[:20]) > body_bytes_max:
                    raise HTTPException(413)
                # The server enforces Content-Length.
                return receive
        remaining = body_bytes_max

        async def counted() -> Message:
            nonlocal remaining
            message = await receive()
            remaining -= len(message.get("body", b""))
            if remaining < 0:
                raise HTTPException(413)
            return message

        return counted


class _ResponseSender:
    """Adds the common headers, records the status, and ends responses to HEAD after the headers."""

    __slots__ = ("_context", "_is_head", "_scope", "_send", "status")

    def __init__(self, send: Send, context: RequestContext, scope: Scope) -> None:
        self._send = send
        self._context = context
        self._scope = scope
        self._is_head = scope["method"] == "HEAD"
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers: list[tuple[bytes, bytes]] = message["headers"]
            headers += _SECURITY_HEADERS
            headers.append((b"x-request-id", self._context.request_id.encode("latin-1")))
            if not any(name == b"cache-control" for name, _ in headers):
                headers.append(NO_STORE)
            if self._context.links:
                headers.append((b"link", self._links()))
            await self._send(message)
            if self._is_head:
                await self._send({"type": "http.response.body"})
        elif not self._is_head:
            await self._send(message)
        elif message.get("more_body"):
            raise _HeadAnswered

    def _links(self) -> bytes:
        # Relative URLs: only the gateway knows the host.
        query = parse_qsl(self._scope["query_string"].decode("latin-1"), keep_blank_values=True)
        path = quote(self._scope["path"])
        links = [f'<{path}{_changed(query, change)}>; rel="{name}"' for name, change in self._context.links.items()]
        return ", ".join(links).encode("latin-1", "replace")


def _changed(query: Sequence[tuple[str, str]], change: Mapping[str, str | None]) -> str:
    """Return the query with other values in their places. A filter that is given several times is kept as it is."""
    given = {name for name, _ in query}
    pairs = [(name, change.get(name, value)) for name, value in query]
    pairs += [(name, value) for name, value in change.items() if name not in given]
    encoded = urlencode([(name, value) for name, value in pairs if value is not None])
    return f"?{encoded}" if encoded else ""
