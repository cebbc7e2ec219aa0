"""One proxied request: limits its body, watches for a disconnect, streams the response."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from math import inf
from typing import Any, Final

import aiohttp
from starlette.types import Message, Receive, Scope, Send

from chassis.http import NO_STORE
from gateway.bodies import Body, BodyLimits, BodyTime, OpenBodies
from gateway.error_responses import Refusal, bad_request, too_large, too_late
from gateway.headers import BODILESS, REQUEST_ID, Inbound, from_upstream
from gateway.rate_limits import Verdict
from gateway.streams import EventBoundary
from kernel.ids import new_id

# Most requests have ended by then, and a task that watches the client would cost more than it saves.
WATCH_AFTER_SECONDS: Final = 0.05

RawHeader = tuple[bytes, bytes]


class ClientGone(Exception):
    """The client has disconnected; no response can be sent."""


class Broken(Exception):
    """The upstream's response ended early; the client's connection is closed so that the client notices."""


class TooSlow(Exception):
    """The client takes the response too slowly; its connection is closed, because it holds one to the service."""


class ProxiedRequest:
    """`added` are headers that every response gets."""

    __slots__ = (
        "_closed",
        "_receive",
        "_refused",
        "_release",
        "_send",
        "_task",
        "_time",
        "_timer",
        "_watcher",
        "added",
        "code",
        "gone",
        "headers",
        "ip",
        "is_stream",
        "method",
        "request_id",
        "route",
        "scope",
        "sent_bytes",
        "started",
        "status",
        "subject_id",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.headers = Inbound.read(scope["headers"])
        given = self.headers.request_id
        self.request_id = given.decode("ascii") if REQUEST_ID.fullmatch(given) else str(new_id())
        self.started = time.perf_counter()
        self.added: list[RawHeader] = []
        self.ip = ""
        self.route = ""
        self.subject_id: str | None = None
        self.status = 0
        self.code = "ok"
        self.sent_bytes = 0
        self.gone = False
        self.is_stream = False
        self._closed = False
        self._receive = receive
        self._send = send
        self._refused: Refusal | None = None
        self._release: Callable[[], None] | None = None
        self._time: BodyTime | None = None
        self._task: asyncio.Task[Any] | None = asyncio.current_task()
        self._timer: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None

    def limited_by(self, verdict: Verdict) -> None:
        """Set the response's rate limit headers, replacing any other limit."""
        self.added = [header for header in self.added if not header[0].startswith(b"ratelimit-")]
        self.added += verdict.headers()

    def vary(self, name: bytes) -> None:
        """Add a request header to the response's Vary."""
        others = [value for header, value in self.added if header == b"vary"]
        self.added = [header for header in self.added if header[0] != b"vary"]
        self.added.append((b"vary", b", ".join([*others, name])))

    async def body(self, bytes_max: int, bodies: OpenBodies, *, seconds_max: float = 0) -> Body:
        """Return the request's body: as bytes up to the limits' `whole_bytes_max`, otherwise as a stream.

        `seconds_max` is longer than the limits' where a route takes large bodies. Raises Refusal (400, 408, 413, 429). After the
        body was read, a disconnect of the client cancels the task and sets `gone`.
        """
        declared, length = self.headers.content_length, None
        if declared:
            if not declared.isdigit():
                raise bad_request()
            length = int(declared[:20])
            if length > bytes_max:
                raise too_large()
        elif not self.headers.chunked:
            self._watch_soon()
            return None
        place = bodies.take(self.ip)
        self._release = lambda: bodies.release(place)
        self._time = BodyTime(bodies.limits, length, seconds_max=seconds_max)
        content, more = bytearray(), True
        while more and len(content) <= min(bodies.limits.whole_bytes_max, bytes_max):
            chunk, more = await self._chunk()
            content += chunk
        if len(content) > bytes_max:
            raise too_large()
        return self._stream(bytes(content), bytes_max) if more else bytes(content)

    async def _stream(self, chunk: bytes, bytes_max: int) -> AsyncIterator[bytes]:
        remaining, more = bytes_max, True
        try:
            while True:
                remaining -= len(chunk)
                if remaining < 0:
                    raise too_large()
                if chunk:
                    yield chunk
                if not more:
                    return
                chunk, more = await self._chunk()
        except Refusal as refusal:
            # aiohttp wraps the exception; `refused` keeps the original.
            self._refused = refusal
            raise

    async def _chunk(self) -> tuple[bytes, bool]:
        if self._time is None:
            raise RuntimeError("body() was not called")
        try:
            with self._time.waiting() as seconds:
                async with asyncio.timeout(seconds):
                    message = await self._receive()
        except TimeoutError:
            raise too_late() from None
        if message["type"] == "http.disconnect":
            self.gone = True
            raise ClientGone
        chunk, more = message.get("body", b""), message.get("more_body", False)
        self._time.arrived(len(chunk))
        if not more:
            self._end_body()
            self._watch_soon()
        return chunk, more

    def _end_body(self) -> None:
        """Release the body's place."""
        if self._release:
            self._release()
            self._release = None

    @property
    def refused(self) -> Refusal | None:
        """The refusal that ended the body's stream, if any."""
        return self._refused

    def _watch_soon(self) -> None:
        if not self._closed:
            self._timer = asyncio.get_running_loop().call_later(WATCH_AFTER_SECONDS, self._start_watching)

    def close(self) -> None:
        """Release what the request holds, after its response was sent or its client left."""
        self._closed = True
        self._end_body()
        if self._timer:
            self._timer.cancel()
        if self._watcher:
            self._watcher.cancel()

    def _start_watching(self) -> None:
        self._watcher = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._task and not self._task.done():
            self.gone = True
            self._task.cancel()

    async def answer(self, response: aiohttp.ClientResponse, limits: BodyLimits) -> None:
        """Stream an upstream's response to the client; raises Broken if it ends early, TooSlow.

        While more follows, the client must take it as fast as it would have to send a body.
        """
        self.status = response.status
        headers = from_upstream(response.status, response.raw_headers)
        headers += self.added
        await self._send({"type": "http.response.start", "status": response.status, "headers": headers})
        content, more, taking = response.content, True, BodyTime(limits, None, seconds_max=inf)
        while more:
            try:
                chunk = await content.readany()
            except (aiohttp.ClientError, TimeoutError) as error:
                raise Broken(type(error).__name__) from error
            more = not content.at_eof()
            self.sent_bytes += len(chunk)
            message = {"type": "http.response.body", "body": chunk, "more_body": more}
            if more:
                await self._send_in_time(message, taking)
            else:
                await self._send(message)

    async def _send_in_time(self, message: Message, taking: BodyTime) -> None:
        taking.arrived(len(message["body"]))
        try:
            with taking.waiting() as seconds:
                async with asyncio.timeout(seconds):
                    await self._send(message)
        except TimeoutError:
            raise TooSlow from None

    async def answer_stream(self, response: aiohttp.ClientResponse, draining: asyncio.Event) -> None:
        """Pass on a stream until it ends or the gateway drains; raises Broken if it ends early."""
        self.status = response.status
        headers = from_upstream(response.status, response.raw_headers) + self.added
        await self._send({"type": "http.response.start", "status": response.status, "headers": headers})
        boundary = EventBoundary()
        stop = asyncio.ensure_future(draining.wait())
        try:
            while chunk := await self._next_chunk(response, stop):
                boundary.sent(chunk)
                self.sent_bytes += len(chunk)
                await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        finally:
            stop.cancel()
        last = boundary.last_words if draining.is_set() else b""
        await self._send({"type": "http.response.body", "body": last})

    async def _next_chunk(self, response: aiohttp.ClientResponse, stop: asyncio.Future[Any]) -> bytes:
        """Return the next part of a stream, or nothing at its end or when `stop` is done first."""
        reading = asyncio.ensure_future(response.content.readany())
        try:
            await asyncio.wait({reading, stop}, return_when=asyncio.FIRST_COMPLETED)
            return await reading if reading.done() and not stop.done() else b""
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Broken(type(error).__name__) from error
        finally:
            if not reading.cancel() and not reading.cancelled():
                # Retrieved, or asyncio reports it, if the stream was ended at the same moment.
                reading.exception()

    async def reply(self, status: int, headers: list[RawHeader], body: bytes = b"") -> None:
        """Send the gateway's own response. Without cache headers it is not cached."""
        self.status = status
        self.sent_bytes = len(body)
        if status not in BODILESS:
            headers = [*headers, (b"content-length", b"%d" % len(body))]
        if not any(name == NO_STORE[0] for name, _ in headers):
            headers = [*headers, NO_STORE]
        headers = [*headers, *self.added]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": b"" if self.method == "HEAD" else body})

    async def refuse(self, refusal: Refusal) -> None:
        self.code = refusal.code
        headers = [(b"content-type", b"application/json")]
        headers += [(name.encode("ascii"), value.encode("latin-1")) for name, value in refusal.headers.items()]
        await self.reply(refusal.status, headers, refusal.body(self.request_id))
