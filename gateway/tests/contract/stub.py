"""A stand-in for the services behind the gateway: returns what it received, and misbehaves if the path asks for it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

CHUNK = b"x" * 65_536
FILE = bytes(range(256)) * 1000


@dataclass
class Stub:
    """`arrived` lists the requests received so far, `cancelled` counts those that the gateway abandoned."""

    url: str = ""
    arrived: list[web.Request] = field(default_factory=list)
    # The client's port of each of them: one for each connection.
    ports: list[int] = field(default_factory=list)
    pushed_bytes: int = 0
    read_bytes: int = 0
    cancelled: int = 0
    documents: dict[str, object] = field(default_factory=dict)
    documents_status: int = 200
    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.arrived.append(request)
        self.ports.append(_transport_of(request).get_extra_info("peername")[1])
        if request.path in self.documents:
            return web.json_response(self.documents[request.path], status=self.documents_status)
        behaviour = request.path.rpartition("/")[2]
        try:
            handle: Callable[[web.Request], Awaitable[web.StreamResponse]] = getattr(self, f"_{behaviour}", self._echo)
            return await handle(request)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def _echo(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        return web.json_response(
            {
                "method": request.method,
                "target": request.raw_path,
                "headers": [[name.decode(), value.decode()] for name, value in request.raw_headers],
                "bytes": len(body),
                "body": body[:200].decode("utf-8", "replace"),
            },
            headers={"ETag": '"7"', "X-Request-Id": "the-services-own", "Server": "stub", "X-Frame-Options": "ALLOW"},
        )

    async def _posing(self, _request: web.Request) -> web.StreamResponse:
        """Send the headers that only the gateway may send."""
        posing = {
            "Strict-Transport-Security": "max-age=0",
            "Content-Security-Policy": "default-src *",
            "X-Content-Type-Options": "none",
            "X-Frame-Options": "ALLOW",
            "Referrer-Policy": "unsafe-url",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Credentials": "true",
            "X-Request-Id": "the-services-own",
            "X-Elcorp-Internal": "10.1.2.3",
            "Server": "stub",
            "Date": "yesterday",
            "Keep-Alive": "timeout=5",
            "Proxy-Authenticate": "Basic",
        }
        return web.Response(text="ok", headers={**posing, "ETag": '"7"', "Cache-Control": "max-age=5"})

    async def _broken(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(status=502, text="broken")

    async def _moved(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "/api/v1/users/elsewhere"})

    async def _teapot(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(status=418, text="short and stout", headers={"Retry-After": "7"})

    async def _notmodified(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(status=304, headers={"ETag": '"7"'})

    async def _empty(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(status=204)

    async def _cookies(self, _request: web.Request) -> web.StreamResponse:
        response = web.Response(text="ok")
        response.headers.add("Set-Cookie", "a=1")
        response.headers.add("Set-Cookie", "b=2")
        return response

    async def _slow(self, _request: web.Request) -> web.StreamResponse:
        await self.release.wait()
        return web.Response(text="late")

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Send an event, and no more until released; with ?half, send an event without its end."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        await response.write(b"event: progress\ndata: {}\n" + (b"" if "half" in request.query else b"\n"))
        await self.release.wait()
        await response.write(b"event: end\ndata: {}\n\n")
        return response

    async def _gzip(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"\x1f\x8b-not-opened-on-the-way", headers={"Content-Encoding": "gzip"})

    async def _drop(self, request: web.Request) -> web.StreamResponse:
        _transport_of(request).close()
        await self.release.wait()
        return web.Response()

    async def _half(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"x" * 10)
        _transport_of(request).abort()
        return response

    async def _flood(self, request: web.Request) -> web.StreamResponse:
        """Send as much as the other side accepts."""
        response = web.StreamResponse()
        await response.prepare(request)
        while self.pushed_bytes < 64 * 1024 * 1024:
            await response.write(CHUNK)
            self.pushed_bytes += len(CHUNK)
        return response

    async def _large(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": request.query["bytes"]})
        await response.prepare(request)
        await response.write(b"x" * int(request.query["bytes"]))
        return response

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """Return a range of a file, as a service does."""
        first, last = (int(place) for place in request.headers["Range"].removeprefix("bytes=").split("-"))
        headers = {
            "Content-Range": f"bytes {first}-{last}/{len(FILE)}",
            "Content-Disposition": "attachment; filename=\"_.csv\"; filename*=UTF-8''%C3%A9.csv",
            "Content-Security-Policy": "sandbox",
            "Cache-Control": "private, no-store",
            "ETag": '"d1"',
            "Accept-Ranges": "bytes",
        }
        return web.Response(status=206, body=FILE[first : last + 1], headers=headers)

    async def _swallow(self, request: web.Request) -> web.StreamResponse:
        """Read nothing until released, then everything."""
        await self.release.wait()
        async for chunk in request.content.iter_any():
            self.read_bytes += len(chunk)
        return web.json_response({"bytes": self.read_bytes})

    async def _refuseearly(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(status=403, text="no")


@asynccontextmanager
async def stub_service() -> AsyncIterator[Stub]:
    stub = Stub()
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{tail:.*}", stub.answer)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    stub.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield stub
    finally:
        stub.release.set()
        await runner.cleanup()


def _transport_of(request: web.Request) -> asyncio.Transport:
    assert request.transport is not None
    return request.transport
