"""The services behind the gateway: one pool of connections to all."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from gateway.bodies import Body
from gateway.error_responses import Refusal, unavailable
from gateway.routes import Route

CONNECT_SECONDS: Final = 2.0
# Shorter than the services keep an idle connection (75 s), so that they never hang up on a request.
KEEP_ALIVE_SECONDS: Final = 30.0
READ_BUFFER_BYTES: Final = 65_536
RETRY_PAUSE_SECONDS: Final = 0.05
# RFC 9110 calls PUT and DELETE idempotent as well; but they are worth less repeated than an outcome told twice is dear.
_REPEATED: Final = frozenset({"GET", "HEAD"})
# Headers that aiohttp would add by itself.
_NOTHING_ADDED: Final = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")

# Nothing was sent. (A refused connection, a name that does not resolve, a pool that stays full.)
_NEVER_REACHED: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
# Nothing was sent, or to a connection from the pool that the service had closed meanwhile.
_UNANSWERED: Final = (*_NEVER_REACHED, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)


class Upstreams:
    """Sends requests to the services, at `urls`; raises Refusal (503) when one is away or silent."""

    def __init__(self, session: aiohttp.ClientSession, urls: Mapping[str, str]) -> None:
        self._session = session
        self.urls = urls
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, urls: Mapping[str, str], *, connections_max: int) -> AsyncIterator["Upstreams"]:
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, limit_per_host=connections_max, keepalive_timeout=KEEP_ALIVE_SECONDS, ttl_dns_cache=10
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_NOTHING_ADDED,
            read_bufsize=READ_BUFFER_BYTES,
        )
        # aiohttp repeats PUT and DELETE by itself; we repeat less, below.
        session._retry_connection = False  # noqa: SLF001  # there is no public switch
        async with session:
            yield cls(session, urls)

    async def send(self, route: Route, method: str, target: str, headers: CIMultiDict[str], body: Body) -> aiohttp.ClientResponse:
        """Return the response as soon as its headers are there; the caller reads or closes it."""
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
        """Return the body of a service's own page; raises aiohttp.ClientError, or ValueError when it is too long."""
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
            # No total: a long answer may take its time as long as it flows.
            timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=seconds)
            self._timeouts[seconds] = timeout
        return timeout


def _refusal(error: aiohttp.ClientError) -> Refusal:
    """Say what became of the request: a client that repeats an unsafe one needs its Idempotency-Key."""
    if isinstance(error, _NEVER_REACHED):
        return unavailable()
    if isinstance(error, aiohttp.SocketTimeoutError):
        return unavailable("The service did not answer in time; the outcome is not known.")
    return unavailable("The service went away before it answered; the outcome is not known.")
