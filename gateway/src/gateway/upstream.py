"""The services behind the gateway, with one connection pool for all."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import aiohttp
from aiohttp.client_proto import ResponseHandler
from multidict import CIMultiDict
from yarl import URL

from chassis.vanished_peers import open_socket
from gateway.bodies import Body
from gateway.error_responses import Refusal, unavailable
from gateway.routes import Route

CONNECT_SECONDS: Final = 2.0
# Shorter than the services' idle timeout (75 s), so that a service never closes a connection under a request.
KEEP_ALIVE_SECONDS: Final = 30.0
READ_BUFFER_BYTES: Final = 65_536
RETRY_PAUSE_SECONDS: Final = 0.05
# RFC 9110 calls PUT and DELETE idempotent too, but we do not retry them: the second response could differ (404 after a
# DELETE that succeeded).
_REPEATED: Final = frozenset({"GET", "HEAD"})
# Headers that aiohttp would otherwise add.
_NOTHING_ADDED: Final = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")

# Nothing was sent: connection refused, name not resolved, or pool exhausted.
_NEVER_REACHED: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
# Nothing was sent, or the service had closed the pooled connection.
_UNANSWERED: Final = (*_NEVER_REACHED, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)


class ServiceConnection(ResponseHandler):
    """A connection whose read timer ends with its response.

    aiohttp stops reading while a client is slow, and sets the timer again when it goes on, also after the response's last byte.
    The connection is in the pool then, and the timer would break the next request on it (seen with aiohttp 3.14).
    """

    def resume_reading(self, resume_parser: bool = True) -> None:  # aiohttp's signature
        was_paused = self.transport is not None and not self.transport.is_reading()
        super().resume_reading(resume_parser)
        # It is to be closed while a response is incomplete.
        if was_paused and not self.should_close:
            self.read_timeout = None
            self.start_timeout()


class Upstreams:
    """Sends requests to the services at `urls`; raises Refusal (503) if one is unreachable or does not respond."""

    def __init__(self, session: aiohttp.ClientSession, urls: Mapping[str, str]) -> None:
        self._session = session
        self.urls = urls
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, urls: Mapping[str, str], *, connections_max: int) -> AsyncIterator["Upstreams"]:
        connector = aiohttp.TCPConnector(
            limit=0,
            limit_per_host=connections_max,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            ttl_dns_cache=10,
            # A pool may hold many idle connections to a vanished pod: no request may have to find out about each.
            socket_factory=open_socket,
        )
        made_by = partial(ServiceConnection, loop=asyncio.get_running_loop())
        connector._factory = made_by  # type: ignore[assignment]  # noqa: SLF001  # there is no public way
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_NOTHING_ADDED,
            read_bufsize=READ_BUFFER_BYTES,
        )
        # aiohttp would also retry PUT and DELETE; `send` retries by itself.
        session._retry_connection = False  # noqa: SLF001  # there is no public switch
        async with session:
            yield cls(session, urls)

    async def send(self, route: Route, method: str, target: str, headers: CIMultiDict[str], body: Body) -> aiohttp.ClientResponse:
        """Return the response once its headers have arrived; the caller must read or close it."""
        url = URL(self.urls[route.service] + target, encoded=True)
        repeatable = method in _REPEATED and body is None
        try:
            return await self._attempt(route, method, url, headers, body)
        except aiohttp.ClientError as error:
            if not (repeatable and isinstance(error, _UNANSWERED)):
                raise _refusal(error) from error
        await asyncio.sleep(RETRY_PAUSE_SECONDS)
        try:
            return await self._attempt(route, method, url, headers, body)
        except aiohttp.ClientError as error:
            raise _refusal(error) from error

    async def read(self, service: str, path: str, *, bytes_max: int) -> bytes:
        """Return the body of a service's page; raises aiohttp.ClientError, or ValueError if it is too long."""
        timeout = aiohttp.ClientTimeout(total=CONNECT_SECONDS)
        async with self._session.get(self.urls[service] + path, timeout=timeout) as response:
            response.raise_for_status()
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > bytes_max:
                    raise ValueError("too long")
            return bytes(body)

    async def _attempt(
        self, route: Route, method: str, url: URL, headers: CIMultiDict[str], body: Body
    ) -> aiohttp.ClientResponse:
        return await self._session.request(
            method, url, headers=headers, data=body, allow_redirects=False, timeout=self._timeout(route.timeout_seconds)
        )

    def _timeout(self, seconds: float) -> aiohttp.ClientTimeout:
        timeout = self._timeouts.get(seconds)
        if timeout is None:
            # No total timeout: a long response may take as long as data keeps arriving.
            timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=seconds)
            self._timeouts[seconds] = timeout
        return timeout


def _refusal(error: aiohttp.ClientError) -> Refusal:
    """Return the refusal, which says whether the request may have had an effect: repeating it needs its Idempotency-Key."""
    if isinstance(error, _NEVER_REACHED):
        return unavailable()
    if isinstance(error, aiohttp.SocketTimeoutError):
        return unavailable("The service did not respond in time; the outcome is unknown.")
    return unavailable("The service closed the connection before it responded; the outcome is unknown.")
