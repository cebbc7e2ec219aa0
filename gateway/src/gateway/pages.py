"""The responses that the gateway serves itself: its liveness, the OpenAPI document, the keys of access tokens, and pages.

Web pages are files in `web/`: `<name>.html` is served at `/<name>`, shared files at `/pages/<name>`.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from gateway.error_responses import Refusal, method_not_allowed, not_found
from gateway.openapi_cache import OpenApiCache
from gateway.page import FreshPage, Page, StaticPage
from gateway.proxied_request import ProxiedRequest, RawHeader
from gateway.well_known import DECISIONS_PATH, JWKS_PATH, KEPT_SECONDS, METADATA_PATH, PublicKeys

JSON: Final = b"application/json"
HTML: Final = b"text/html; charset=utf-8"
_TYPES: Final = {
    ".html": HTML,
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".png": b"image/png",
}
# The assets change only with a release of the gateway.
CACHED: Final = (b"cache-control", b"public, max-age=86400")
REVALIDATED: Final = (b"cache-control", b"no-cache")
KEYS_CACHED: Final = (b"cache-control", b"public, max-age=%d" % KEPT_SECONDS)
_READING: Final = ("GET", "HEAD")


def _policy(*more: str) -> RawHeader:
    """Return a page's policy: only our own scripts, styles and calls; nothing inline, no frames, no forms."""
    own = ("default-src 'none'", "script-src 'self'", *more, "connect-src 'self'")
    closed = ("frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'")
    return b"content-security-policy", "; ".join((*own, *closed)).encode("ascii")


PAGE_POLICY: Final = _policy("style-src 'self'")
# Swagger UI uses inline styles and data: images.
DOCS_POLICY: Final = _policy("style-src 'self' 'unsafe-inline'", "img-src 'self' data:")

DOCS: Final = b"""<!doctype html>
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
START: Final = b"""SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  validatorUrl: null,
});
"""
ASSETS: Final = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png")
WEB: Final = Path(__file__).parent / "web"


class Pages:
    """Finds the gateway's own pages. Readiness and metrics have their own port (`chassis.run.ops_server`)."""

    def __init__(self, description: OpenApiCache, keys: PublicKeys, *, metadata: bytes, decision_point: bytes) -> None:
        self._pages: dict[str, Page] = {
            "/openapi.json": FreshPage(JSON, description.body, REVALIDATED),
            JWKS_PATH: FreshPage(JSON, keys.get, KEYS_CACHED),
            METADATA_PATH: StaticPage(JSON, lambda: metadata, KEYS_CACHED),
            DECISIONS_PATH: StaticPage(JSON, lambda: decision_point, KEYS_CACHED),
            "/docs": StaticPage(HTML, lambda: DOCS, REVALIDATED, DOCS_POLICY),
            "/docs/start.js": StaticPage(_TYPES[".js"], lambda: START, CACHED),
            **{f"/docs/{name}": _asset(name) for name in ASSETS},
            **dict(map(_web_page, WEB.iterdir())),
        }

    async def answer_probe(self, request: ProxiedRequest) -> bool:
        """Answer a probe without limit or log line. Return False for other requests."""
        if request.scope["path"] != "/healthz":
            return False
        await request.reply(200, [(b"content-type", JSON)], b'{"alive":true}')
        return True

    def find(self, request: ProxiedRequest) -> Page | None:
        """Return the requested page; None for other paths and methods."""
        # Compare the raw path: no other spelling of it is a page.
        path = request.scope["raw_path"].decode("ascii")
        page = self._pages.get(path) if request.method in _READING else None
        if page:
            request.route = path.split("/")[1]
        return page

    def refusal(self, request: ProxiedRequest) -> Refusal:
        """Return the refusal of a request that is neither the API's nor a page's (404, 405)."""
        path = request.scope["raw_path"].decode("ascii")
        if path not in self._pages:
            return not_found()
        request.route = path.split("/")[1]
        return method_not_allowed(*_READING)


def _asset(name: str) -> StaticPage:
    def read() -> bytes:
        return (_folder() / name).read_bytes()

    return StaticPage(_TYPES[Path(name).suffix], read, CACHED)


def _web_page(file: Path) -> tuple[str, StaticPage]:
    # Always revalidated: a page must match the API of this release.
    if file.suffix == ".html":
        return f"/{file.stem}", StaticPage(HTML, file.read_bytes, REVALIDATED, PAGE_POLICY)
    return f"/pages/{file.name}", StaticPage(_TYPES[file.suffix], file.read_bytes, REVALIDATED)


def _folder() -> Path:
    # Find the package without importing it, because its code imports FastAPI.
    spec = find_spec("fastapi_swagger")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("fastapi_swagger")
    return Path(spec.origin).parent / "resources"
