"""Cross-origin requests: only from the configured origins."""

from collections.abc import Iterable
from typing import Final

from gateway.error_responses import origin_denied
from gateway.proxied_request import ProxiedRequest

METHODS: Final = b"GET, HEAD, POST, PUT, PATCH, DELETE"
REQUEST_HEADERS: Final = b"authorization, content-type, dpop, idempotency-key, if-match, if-none-match, x-request-id, traceparent"
EXPOSED_HEADERS: Final = (
    b"etag, link, location, idempotency-replayed, retry-after, x-request-id, "
    b"ratelimit-limit, ratelimit-remaining, ratelimit-reset"
)
MAX_AGE_SECONDS: Final = b"600"
VARY: Final = (b"vary", b"Origin")


class Cors:
    """Adds CORS headers. Bearer tokens are the only credentials, so cookies are not allowed."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origin.encode("ascii") for origin in origins)

    def mark(self, request: ProxiedRequest) -> None:
        """Allow pages of a configured origin to read the response."""
        if not self._origins:
            return
        request.added.append(VARY)
        if request.headers.origin in self._origins:
            request.added += (
                (b"access-control-allow-origin", request.headers.origin),
                (b"access-control-expose-headers", EXPOSED_HEADERS),
            )

    async def preflight(self, request: ProxiedRequest) -> None:
        """Respond to the browser's preflight request; raises Refusal (403)."""
        if request.headers.origin not in self._origins:
            raise origin_denied()
        permissions = [
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", REQUEST_HEADERS),
            (b"access-control-max-age", MAX_AGE_SECONDS),
        ]
        await request.reply(204, permissions)
