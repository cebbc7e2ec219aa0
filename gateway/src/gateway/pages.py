"""What the gateway answers itself: whether it lives, the API's description and its pages."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from chassis.security_headers import CONTENT_SECURITY_POLICY
from gateway.description import Description
from gateway.exchange import Exchange
from gateway.refusals import Refusal, method_not_allowed, not_found

JSON: Final = (b"content-type", b"application/json")
HTML: Final = (b"content-type", b"text/html; charset=utf-8")
# The assets change with the gateway only.
CACHED: Final = (b"cache-control", b"public, max-age=86400")
REVALIDATED: Final = (b"cache-control", b"no-cache")
NOT_MODIFIED: Final = 304
_READING: Final = ("GET", "HEAD")

# Scripts from here only. Swagger UI styles elements inline and draws with data: images.
_POLICY: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
)
PAGE_POLICY: Final = (b"content-security-policy", "; ".join(_POLICY).encode("ascii"))
PAGE: Final = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Elcorp Namibia: API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
SCRIPT: Final = b"""SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  validatorUrl: null,
});
"""
ASSETS: Final = {
    "swagger-ui-bundle.js": b"text/javascript; charset=utf-8",
    "swagger-ui.css": b"text/css; charset=utf-8",
    "favicon-32x32.png": b"image/png",
}

Page = Callable[[Exchange], Awaitable[None]]


class Pages:
    """Readiness and metrics are not among them: they have a port of their own (`chassis.run.ops`)."""

    def __init__(self, description: Description) -> None:
        self._description = description
        self._pages: dict[str, Page] = {"/openapi.json": self._openapi, "/docs": _docs, "/docs/start.js": _start}
        self._pages |= dict.fromkeys((f"/docs/{name}" for name in ASSETS), _asset)

    async def answer_probe(self, exchange: Exchange) -> bool:
        """Answer what machines ask every few seconds: not limited, not logged. False for anything else."""
        if exchange.scope["path"] != "/healthz":
            return False
        await exchange.reply(200, [JSON], b'{"alive":true}')
        return True

    def find(self, exchange: Exchange) -> Page | None:
        """Return the page that is asked for, if it is one of ours."""
        # As it was sent: no other spelling of a path is a page.
        path = exchange.scope["raw_path"].decode("ascii")
        page = self._pages.get(path) if exchange.method in _READING else None
        if page:
            exchange.route = path.split("/")[1]
        return page

    def refusal(self, exchange: Exchange) -> Refusal:
        """Return why nothing outside the API answers the request (404, 405)."""
        path = exchange.scope["raw_path"].decode("ascii")
        if path not in self._pages:
            return not_found()
        exchange.route = path.split("/")[1]
        return method_not_allowed(*_READING)

    async def _openapi(self, exchange: Exchange) -> None:
        body, etag = await self._description.get()
        headers = [JSON, REVALIDATED, (b"etag", etag)]
        if etag.decode("ascii") in exchange.headers.passed.get("If-None-Match", ""):
            await exchange.reply(NOT_MODIFIED, headers)
        else:
            await exchange.reply(200, headers, body)


async def _docs(exchange: Exchange) -> None:
    exchange.added[exchange.added.index(CONTENT_SECURITY_POLICY)] = PAGE_POLICY
    await exchange.reply(200, [HTML, REVALIDATED], PAGE)


async def _start(exchange: Exchange) -> None:
    await exchange.reply(200, [(b"content-type", ASSETS["swagger-ui-bundle.js"]), CACHED], SCRIPT)


async def _asset(exchange: Exchange) -> None:
    name = exchange.scope["path"].rpartition("/")[2]
    # Read when asked, which is rarely: kept, it would be two megabytes in every gateway.
    content = await asyncio.to_thread((_folder() / name).read_bytes)
    await exchange.reply(200, [(b"content-type", ASSETS[name]), CACHED], content)


def _folder() -> Path:
    # Found without importing it, for its code wants the web framework.
    spec = find_spec("fastapi_swagger")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("fastapi_swagger")
    return Path(spec.origin).parent / "resources"
