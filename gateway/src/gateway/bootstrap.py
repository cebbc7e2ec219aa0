"""Builds the gateway: the only file that names concrete classes."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis

from chassis.auth import JwksKeys, TokenVerifier
from chassis.auth.ended_sessions import EndedSessions
from chassis.auth.revocations import Revocations
from chassis.health import NotReady, Readiness
from chassis.messaging.listener import Listener
from chassis.redis import redis_client
from chassis.run.background import Backgrounds
from chassis.run.ops_server import ops_server
from chassis.run.process import settle
from chassis.run.service import Background
from chassis.run.uvicorn_server import RestServer
from chassis.telemetry import log
from chassis.telemetry.metrics import watch_loop
from chassis.trusted_proxies import TrustedProxies
from elcorp.identity.v1.events_pb2 import SessionEnded
from gateway.app import Gateway
from gateway.authentication import Authentication
from gateway.bodies import OpenBodies, Uploads
from gateway.cors import Cors
from gateway.downloads import Downloads
from gateway.openapi_cache import OpenApiCache
from gateway.pages import Pages
from gateway.protocol import PublicProtocol
from gateway.rate_limits import RateLimits
from gateway.routes import ROUTES
from gateway.settings import GatewaySettings
from gateway.shared_rate_limits import SharedRateLimits
from gateway.streams import Streams
from gateway.upstream import Upstreams
from gateway.well_known import PublicKeys, decision_point, metadata
from kernel.clock import Clock, SystemClock


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a gateway process."""

    application: Gateway
    readiness: Readiness
    background: Sequence[Background]


@asynccontextmanager
async def assemble(settings: GatewaySettings) -> AsyncIterator[Parts]:
    """Build the parts, and close them at the block's end. No service or server needs to be reachable."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        redis = redis_client(settings.redis_url.get_secret_value())
        stack.push_async_callback(redis.aclose)
        keys = JwksKeys(settings.jwks_url, clock=clock)
        stack.push_async_callback(keys.close)
        upstreams = await stack.enter_async_context(
            Upstreams.open(settings.upstreams(), connections_max=settings.upstream_connections_max)
        )
        revocations = Revocations()
        ended = EndedSessions(redis, revocations)
        listener = Listener(
            settings.rabbitmq_url.get_secret_value(),
            {SessionEnded: ended.on_ended},
            on_connected=ended.read_all_next,
            name="gateway",
        )
        addresses = RateLimits(settings.rate_limit_per_minute)
        people = RateLimits(settings.person_limit, name="person:")
        bad_tokens = RateLimits(settings.rate_limit_per_minute, name="token:")
        readiness = _readiness(keys, redis, listener)
        application = Gateway(
            routes=ROUTES,
            upstreams=upstreams,
            authentication=Authentication(_verifier(settings, keys, clock), revocations, bad_tokens),
            addresses=addresses,
            people=people,
            proxies=TrustedProxies(settings.trusted_proxies),
            cors=Cors(settings.cors_origins),
            pages=Pages(
                OpenApiCache(upstreams, ROUTES),
                PublicKeys(upstreams),
                metadata=metadata(settings.token_issuer),
                decision_point=decision_point(settings.token_issuer),
            ),
            bodies=OpenBodies(settings.body_limits()),
            uploads=Uploads(settings.upstream_uploads_max),
            streams=Streams(settings.stream_limits()),
            downloads=Downloads(settings.download_limits()),
            body_bytes_max=settings.body_bytes_max,
            in_flight_max=settings.in_flight_max,
        )
        shared_rates = SharedRateLimits(redis, addresses, people, bad_tokens)
        background = (ended.run, listener.run, shared_rates.run, watch_loop)
        yield Parts(application, readiness, background)


def _verifier(settings: GatewaySettings, keys: JwksKeys, clock: Clock) -> TokenVerifier:
    return TokenVerifier(settings.token_issuer, settings.token_audience, keys, clock, former_issuer=settings.former_token_issuer)


async def serve(settings: GatewaySettings, stop: asyncio.Event) -> bool:
    """Serve until `stop` is set; return False if something failed."""
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(assemble(settings))
        ops_port = await stack.enter_async_context(ops_server(settings.ops_host, settings.ops_port, parts.readiness))
        background = Backgrounds(parts.background)
        server = RestServer(
            parts.application,
            settings.gateway_host,
            settings.gateway_port,
            grace_seconds=settings.shutdown_seconds,
            setting="ELCORP_GATEWAY_PORT",
            protocol=PublicProtocol,
        )
        background.start(stop)
        try:
            await server.start(stop)
            settle()
            log.info("serving", port=server.port, ops_port=ops_port)
            await stop.wait()
        finally:
            await _stop(server, background, parts, settings)
        return not (background.failed or server.failed)


async def _stop(server: RestServer, background: Backgrounds, parts: Parts, settings: GatewaySettings) -> None:
    """Report not ready first, let requests finish, then stop what they depend on."""
    parts.readiness.draining = True
    server.drain()
    parts.application.drain()
    if not (background.failed or server.failed):
        await asyncio.sleep(settings.drain_seconds)
    ends_at = time.monotonic() + settings.shutdown_seconds
    await server.stop()
    await background.stop(grace_seconds=ends_at - time.monotonic())


def _readiness(keys: JwksKeys, redis: Redis, listener: Listener) -> Readiness:
    known = False

    async def signing_keys_known() -> None:
        nonlocal known
        if not known:
            # No key has this id, so the lookup fetches the JWKS. Keys are never dropped once fetched.
            await keys.find("")
            known = True

    async def listening() -> None:
        if not listener.connected:
            raise NotReady("not connected to the broker")

    readiness = Readiness()
    readiness.add("signing_keys", signing_keys_known)
    # Without these, reads continue; operations that move money are refused until Redis is back.
    readiness.add("redis", redis.ping, required=False)
    readiness.add("broker", listening, required=False)
    return readiness
