"""The gateway as a plain ASGI application; it parses only what it needs of a request."""

import asyncio
from typing import Final

import aiohttp
from starlette.types import Receive, Scope, Send

from chassis.http import CLIENT_GONE, CONTENT_SECURITY_POLICY, SECURITY
from chassis.telemetry import bind_request, continue_trace, log, traceparent
from chassis.trusted_proxies import TrustedProxies
from gateway import access_log
from gateway.authentication import Authentication, Caller
from gateway.bodies import Body, OpenBodies, Uploads
from gateway.cors import Cors
from gateway.downloads import Downloads, is_download
from gateway.error_responses import Refusal, bad_request, internal, not_found, too_many, unavailable
from gateway.pages import Pages
from gateway.paths import AmbiguousPath, api_segment
from gateway.proxied_request import Broken, ClientGone, ProxiedRequest, TooSlow
from gateway.rate_limits import RateLimits
from gateway.routes import Route, RouteTable
from gateway.streams import Streams, is_stream
from gateway.upstream import Upstreams
from kernel.ids import new_id
from kernel.networks import subscriber_of

_SCHEMES: Final = {b"http": "http", b"https": "https"}


class Gateway:
    """Checks a request's size, rate, token, session and route, then streams the service's response."""

    def __init__(
        self,
        *,
        routes: RouteTable,
        upstreams: Upstreams,
        authentication: Authentication,
        addresses: RateLimits,
        people: RateLimits,
        proxies: TrustedProxies,
        cors: Cors,
        pages: Pages,
        bodies: OpenBodies,
        uploads: Uploads,
        streams: Streams,
        downloads: Downloads,
        body_bytes_max: int,
        in_flight_max: int,
    ) -> None:
        self._routes = routes
        self._upstreams = upstreams
        self._authentication = authentication
        self._addresses = addresses
        self._people = people
        self._proxies = proxies
        self._cors = cors
        self._pages = pages
        self._bodies = bodies
        self._uploads = uploads
        self._streams = streams
        self._downloads = downloads
        self._body_bytes_max = body_bytes_max
        self._in_flight_max = in_flight_max
        self._in_flight = 0
        access_log.IN_FLIGHT.set_function(lambda: self._in_flight)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve(ProxiedRequest(scope, receive, send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            await _lifespan(receive, send)

    async def _serve(self, request: ProxiedRequest) -> None:
        request.added = [(b"x-request-id", request.request_id.encode("ascii")), *SECURITY, CONTENT_SECURITY_POLICY]
        if await self._pages.answer_probe(request):
            return
        self._in_flight += 1
        try:
            given = request.headers.traceparent.decode("latin-1")
            with bind_request(request.request_id), continue_trace(given, request.method):
                await self._respond(request)
                access_log.finish(request)
        finally:
            if not request.is_stream:
                self._in_flight -= 1
            request.close()

    async def _respond(self, request: ProxiedRequest) -> None:
        try:
            await self._handle(request)
        except Refusal as refusal:
            await request.refuse(refusal)
        except ClientGone:
            request.status, request.code = CLIENT_GONE, "REQ_GONE"
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not request.gone or task is None:
                raise
            # The watcher cancelled this task to end the upstream's work, which has ended.
            task.uncancel()
            request.status, request.code = CLIENT_GONE, "REQ_GONE"
        except TooSlow:
            request.code = "REQ_SLOW"
            access_log.finish(request)
            raise
        except Broken as broken:
            request.code = "SRV_002"
            access_log.finish(request)
            log.warning("upstream_broke_off", segment=request.route, error=str(broken))
            raise
        except Exception:
            error_id = str(new_id())
            log.exception("unhandled_error", error_id=error_id)
            if request.status:
                raise
            await request.refuse(internal(error_id))

    async def _handle(self, request: ProxiedRequest) -> None:
        scope, headers = request.scope, request.headers
        peer = scope["client"][0] if scope.get("client") else ""
        request.ip = self._proxies.client_address(peer, headers.forwarded_for)
        self._cors.mark(request)
        if page := self._pages.find(request):
            self._require_room()
            await page(request)
            return
        # Several Authorization headers are refused below, without verifying a token.
        authorization = headers.authorization[0] if len(headers.authorization) == 1 else None
        caller = await self._authentication.identify(authorization, request.ip)
        self._limit(request, caller)
        segment = _segment(scope)
        if request.method == "OPTIONS" and headers.origin and headers.preflight_method:
            await self._cors.preflight(request)
            return
        if headers.upgrade.lower() == b"websocket":
            raise bad_request("WebSockets are not supported.")
        if segment is None:
            raise self._pages.refusal(request)
        route = self._routes.find(segment)
        if route is None:
            raise not_found()
        request.route = segment
        if len(headers.authorization) > 1:
            raise bad_request("Send only one Authorization header.")
        if caller.unverified and not route.public:
            request.limited_by(caller.unverified)
        self._authentication.require(caller, route, request.method)
        if caller.claims:
            request.subject_id = caller.claims.subject_id
        elif caller.session_ended:
            # A service that does not know yet that the session has ended would accept the token. Replace it with an invalid one,
            # which is ignored where no token is required and refused (AUTH_003) where one is.
            headers.passed["Authorization"] = "Bearer ended"
        await self._forward(request, route, peer)

    def _limit(self, request: ProxiedRequest, caller: Caller) -> None:
        """Count the request, per person if it has a valid token, else per address; raises Refusal (429, 503)."""
        verdict = self._people.admit(caller.claims.subject_id) if caller.claims else self._addresses.admit(request.ip)
        request.limited_by(verdict)
        if not verdict.allowed:
            raise too_many(verdict.reset_seconds)
        self._require_room()

    def _require_room(self) -> None:
        if self._in_flight > self._in_flight_max:
            raise unavailable("Too many requests at the same time; retry later.")

    async def _forward(self, request: ProxiedRequest, route: Route, peer: str) -> None:
        bytes_max = max(self._body_bytes_max, route.body_bytes_max)
        body = await request.body(bytes_max, self._bodies, seconds_max=route.body_seconds_max)
        headers = request.headers.passed
        headers["X-Request-Id"] = request.request_id
        headers["X-Forwarded-For"] = request.ip
        headers["X-Forwarded-Proto"] = self._scheme(request, peer)
        headers["traceparent"] = traceparent() or ""
        if body is None or isinstance(body, bytes):
            await self._pass_on(request, route, body)
            return
        if request.headers.content_length:
            # A streamed body keeps its declared length; without a length it is chunked.
            headers["Content-Length"] = request.headers.content_length.decode("ascii")
        with self._uploads.place(route.service):
            await self._pass_on(request, route, body)

    async def _pass_on(self, request: ProxiedRequest, route: Route, body: Body) -> None:
        scope = request.scope
        target: str = scope["raw_path"].decode("ascii")
        if query := scope["query_string"]:
            target += "?" + query.decode("latin-1")
        try:
            response = await self._upstreams.send(route, request.method, target, request.headers.passed, body)
        except Refusal as refusal:
            if request.gone:
                raise ClientGone from refusal
            raise request.refused or refusal from refusal
        try:
            if is_stream(response.headers):
                await self._stream(request, response)
            elif is_download(request.method, response):
                with self._downloads.place(self._person(request)):
                    await request.answer(response, self._bodies.limits)
            else:
                await request.answer(response, self._bodies.limits)
        finally:
            # Has no effect after the whole response was read; otherwise the connection is not reused.
            response.close()

    async def _stream(self, request: ProxiedRequest, response: aiohttp.ClientResponse) -> None:
        with self._streams.place(self._person(request)):
            # From now on it is no request in progress.
            request.is_stream = True
            self._in_flight -= 1
            await request.answer_stream(response, self._streams.draining)

    @staticmethod
    def _person(request: ProxiedRequest) -> str:
        return request.subject_id or subscriber_of(request.ip)

    def drain(self) -> None:
        """End event streams at once: a request is finished, but a stream would last for minutes."""
        self._streams.drain()

    def _scheme(self, request: ProxiedRequest, peer: str) -> str:
        given = _SCHEMES.get(request.headers.forwarded_proto)
        if given and self._proxies.trusts(peer):
            return given
        return str(request.scope["scheme"])


def _segment(scope: Scope) -> str | None:
    try:
        return api_segment(scope["raw_path"])
    except AmbiguousPath:
        raise bad_request() from None


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return
