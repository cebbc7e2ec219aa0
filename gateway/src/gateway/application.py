"""The gateway as a bare ASGI application: one pass a request, nothing parsed that is not ours."""

import asyncio
from typing import Final

from starlette.types import Receive, Scope, Send

from chassis.proxies import TrustedProxies
from chassis.security_headers import CONTENT_SECURITY_POLICY, SECURITY
from chassis.telemetry import bind_request, continue_trace, log, traceparent
from gateway import observing
from gateway.admission import Admission, Caller
from gateway.bodies import Body, OpenBodies, Uploads
from gateway.cors import Cors
from gateway.exchange import Broken, ClientGone, Exchange
from gateway.pages import Pages
from gateway.paths import AmbiguousPath, api_segment
from gateway.rates import Rates
from gateway.refusals import Refusal, bad_request, internal, not_found, too_many, unavailable
from gateway.routes import Route, RouteTable
from gateway.upstream import Upstreams
from kernel.ids import new_id

# For the log only: nobody is there to get it.
GONE: Final = 499
_SCHEMES: Final = {b"http": "http", b"https": "https"}


class Gateway:
    """Request id, size, rate, token, ended session, route; then the service's answer as it comes."""

    def __init__(
        self,
        *,
        routes: RouteTable,
        upstreams: Upstreams,
        admission: Admission,
        addresses: Rates,
        people: Rates,
        proxies: TrustedProxies,
        cors: Cors,
        pages: Pages,
        bodies: OpenBodies,
        uploads: Uploads,
        body_bytes_max: int,
        in_flight_max: int,
    ) -> None:
        self._routes = routes
        self._upstreams = upstreams
        self._admission = admission
        self._addresses = addresses
        self._people = people
        self._proxies = proxies
        self._cors = cors
        self._pages = pages
        self._bodies = bodies
        self._uploads = uploads
        self._body_bytes_max = body_bytes_max
        self._in_flight_max = in_flight_max
        self._in_flight = 0
        observing.IN_FLIGHT.set_function(lambda: self._in_flight)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve(Exchange(scope, receive, send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            await _lifespan(receive, send)

    async def _serve(self, exchange: Exchange) -> None:
        exchange.added = [(b"x-request-id", exchange.request_id.encode("ascii")), *SECURITY, CONTENT_SECURITY_POLICY]
        if await self._pages.answer_probe(exchange):
            return
        self._in_flight += 1
        try:
            given = exchange.headers.traceparent.decode("latin-1")
            with bind_request(exchange.request_id), continue_trace(given, exchange.method):
                await self._answer(exchange)
                observing.finish(exchange)
        finally:
            self._in_flight -= 1
            exchange.close()

    async def _answer(self, exchange: Exchange) -> None:
        try:
            await self._handle(exchange)
        except Refusal as refusal:
            await exchange.refuse(refusal)
        except ClientGone:
            exchange.status, exchange.code = GONE, "REQ_GONE"
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not exchange.gone or task is None:
                raise
            # The watcher cancelled us to end the upstream's work; that is done.
            task.uncancel()
            exchange.status, exchange.code = GONE, "REQ_GONE"
        except Broken as broken:
            exchange.code = "SRV_002"
            observing.finish(exchange)
            log.warning("upstream_broke_off", segment=exchange.route, error=str(broken))
            raise
        except Exception:
            error_id = str(new_id())
            log.exception("unhandled_error", error_id=error_id)
            if exchange.status:
                raise
            await exchange.refuse(internal(error_id))

    async def _handle(self, exchange: Exchange) -> None:
        scope, headers = exchange.scope, exchange.headers
        peer = scope["client"][0] if scope.get("client") else ""
        exchange.ip = self._proxies.client_address(peer, headers.forwarded_for)
        self._cors.mark(exchange)
        if page := self._pages.find(exchange):
            self._require_room()
            await page(exchange)
            return
        # Several tokens are refused below; none of them is verified.
        authorization = headers.authorization[0] if len(headers.authorization) == 1 else None
        caller = await self._admission.identify(authorization, exchange.ip)
        self._limit(exchange, caller)
        segment = _segment(scope)
        if exchange.method == "OPTIONS" and headers.origin and headers.preflight_method:
            await self._cors.preflight(exchange)
            return
        if headers.upgrade.lower() == b"websocket":
            raise bad_request("WebSockets are not offered here.")
        if segment is None:
            raise self._pages.refusal(exchange)
        route = self._routes.find(segment)
        if route is None:
            raise not_found()
        exchange.route = segment
        if len(headers.authorization) > 1:
            raise bad_request("More than one Authorization header.")
        if caller.unverified and not route.public:
            exchange.limited_by(caller.unverified)
        self._admission.require(caller, route, exchange.method)
        if caller.claims:
            exchange.subject_id = caller.claims.subject_id
        elif caller.session_ended:
            # A service that does not know yet would accept the token. An invalid one in its place is ignored where no token is
            # needed, and refused (AUTH_003) where one is.
            headers.passed["Authorization"] = "Bearer ended"
        await self._forward(exchange, route, peer)

    def _limit(self, exchange: Exchange, caller: Caller) -> None:
        """Count the request, by person where a valid token names one; raises Refusal (429, 503)."""
        verdict = self._people.admit(caller.claims.subject_id) if caller.claims else self._addresses.admit(exchange.ip)
        exchange.limited_by(verdict)
        if not verdict.allowed:
            raise too_many(verdict.reset_seconds)
        self._require_room()

    def _require_room(self) -> None:
        if self._in_flight > self._in_flight_max:
            raise unavailable("Too many requests at once; retry later.")

    async def _forward(self, exchange: Exchange, route: Route, peer: str) -> None:
        body = await exchange.body(max(self._body_bytes_max, route.body_bytes_max), self._bodies)
        headers = exchange.headers.passed
        headers["X-Request-Id"] = exchange.request_id
        headers["X-Forwarded-For"] = exchange.ip
        headers["X-Forwarded-Proto"] = self._scheme(exchange, peer)
        headers["traceparent"] = traceparent() or ""
        if body is None or isinstance(body, bytes):
            await self._pass_on(exchange, route, body)
            return
        if exchange.headers.content_length:
            # A streamed body keeps its declared length; without one it is chunked.
            headers["Content-Length"] = exchange.headers.content_length.decode("ascii")
        with self._uploads.place(route.service):
            await self._pass_on(exchange, route, body)

    async def _pass_on(self, exchange: Exchange, route: Route, body: Body) -> None:
        scope = exchange.scope
        target: str = scope["raw_path"].decode("ascii")
        if query := scope["query_string"]:
            target += "?" + query.decode("latin-1")
        try:
            response = await self._upstreams.send(route, exchange.method, target, exchange.headers.passed, body)
        except Refusal as refusal:
            if exchange.gone:
                raise ClientGone from refusal
            raise exchange.refused or refusal from refusal
        try:
            await exchange.answer(response)
        finally:
            # Nothing is left of it when it was read to its end; else the connection is not used again.
            response.close()

    def _scheme(self, exchange: Exchange, peer: str) -> str:
        given = _SCHEMES.get(exchange.headers.forwarded_proto)
        if given and self._proxies.trusts(peer):
            return given
        return str(exchange.scope["scheme"])


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
