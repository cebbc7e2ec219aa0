"""What partners need to verify access tokens, at the gateway: the keys (RFC 7517) and who issues (RFC 8414)."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import aiohttp
import orjson

from chassis.telemetry import log
from gateway.refusals import unavailable
from gateway.upstream import Upstreams

JWKS_PATH: Final = "/.well-known/jwks.json"
METADATA_PATH: Final = "/.well-known/oauth-authorization-server"
# A key is published long before it signs and long after, so that a minute here and a minute there are nothing.
FRESH_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 5.0
KEPT_SECONDS: Final = 60
_DOCUMENT_BYTES_MAX: Final = 262_144


def metadata(issuer: str) -> bytes:
    """Return the authorization server's metadata, as far as there is one: no grant of OAuth 2.0 is offered yet.

    `issuer` is what tokens say in `iss`, and the URL by which clients reach the gateway: from it they build the URL that they
    fetch the metadata from, and refuse what names another one (RFC 8414 sections 3.1 and 3.3). The empty lists are against
    section 3.2, which leaves such out: left out they would mean the defaults of section 2, which are not offered either.
    """
    content = {
        "issuer": issuer,
        "jwks_uri": f"{issuer}{JWKS_PATH}",
        "response_types_supported": [],
        "grant_types_supported": [],
        "service_documentation": f"{issuer}/docs",
    }
    return orjson.dumps(content)


class PublicKeys:
    """The document of identity's signing keys, read again when asked and due; while identity is away, as it was."""

    def __init__(self, upstreams: Upstreams, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._upstreams = upstreams
        self._monotonic = monotonic
        self._body = b""
        self._due_at = float("-inf")
        self._lock = asyncio.Lock()

    async def get(self) -> bytes:
        """Return the document; raises Refusal (503) while it was never had."""
        async with self._lock:
            if self._monotonic() >= self._due_at:
                await self._refresh()
        if not self._body:
            raise unavailable()
        return self._body

    async def _refresh(self) -> None:
        self._due_at = self._monotonic() + RETRY_SECONDS
        try:
            body = await self._upstreams.read("identity", JWKS_PATH, bytes_max=_DOCUMENT_BYTES_MAX)
            if not orjson.loads(body)["keys"]:
                raise ValueError("no keys")  # noqa: TRY301  # whatever is wrong with it, it is not usable
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
            log.warning("signing_keys_not_read", error=type(error).__name__)
            return
        self._body = body
        self._due_at = self._monotonic() + FRESH_SECONDS
