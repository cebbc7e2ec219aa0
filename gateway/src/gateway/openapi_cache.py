"""The merged OpenAPI document, refreshed from the running services."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Final

import aiohttp
import orjson

from chassis.telemetry import log
from gateway.openapi_merge import merge
from gateway.routes import SERVICES, RouteTable
from gateway.upstream import Upstreams
from kernel.clock import elapsed_seconds

FRESH_SECONDS: Final = 60.0
# While a service is missing, ask again soon.
RETRY_SECONDS: Final = 5.0
DOCUMENT_BYTES_MAX: Final = 8_388_608


class OpenApiCache:
    """Fetches each service's document on demand. For an unreachable service it uses the last document, or lists it as missing."""

    def __init__(self, upstreams: Upstreams, routes: RouteTable, *, elapsed: Callable[[], float] = elapsed_seconds) -> None:
        self._upstreams = upstreams
        self._routes = routes
        self._elapsed = elapsed
        self._parts: dict[str, bytes] = {}
        self._body = b""
        self._etag = b""
        self._due_at = float("-inf")
        self._lock = asyncio.Lock()

    async def get(self) -> tuple[bytes, bytes]:
        """Return the document and its ETag."""
        async with self._lock:
            if self._elapsed() >= self._due_at:
                await self._refresh()
        return self._body, self._etag

    async def body(self) -> bytes:
        """Return the document."""
        body, _ = await self.get()
        return body

    async def _refresh(self) -> None:
        fetched = await asyncio.gather(*(self._fetch(service) for service in SERVICES))
        all_there = all(fetched)
        self._due_at = self._elapsed() + (FRESH_SECONDS if all_there else RETRY_SECONDS)
        merged = merge(
            {service: orjson.loads(part) for service, part in self._parts.items()},
            self._routes,
            missing=set(SERVICES) - self._parts.keys(),
        )
        if merged.problems:
            # Also during a rollout, when two services are of different releases.
            log.warning("openapi_documents_contradict", problems=merged.problems[:20])
        self._body = orjson.dumps(merged.document)
        self._etag = b'"%s"' % hashlib.sha256(self._body).hexdigest()[:32].encode("ascii")

    async def _fetch(self, service: str) -> bool:
        try:
            part = await self._upstreams.read(service, "/openapi.json", bytes_max=DOCUMENT_BYTES_MAX)
            if not isinstance(orjson.loads(part), dict):
                raise ValueError("not an object")  # noqa: TRY004, TRY301  # any unusable document is handled alike
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            log.info("openapi_document_missing", missing_service=service, error=type(error).__name__)
            return False
        self._parts[service] = part
        return True
