"""The documents that partners need to verify access tokens and to find the decision point.

Keys (RFC 7517), the issuer's metadata (RFC 8414), and that of the policy decision point (OpenID AuthZEN).
"""

import asyncio
from collections.abc import Callable
from typing import Final

import aiohttp
import orjson

from chassis.telemetry import log
from gateway.error_responses import unavailable
from gateway.upstream import Upstreams
from kernel.clock import elapsed_seconds

JWKS_PATH: Final = "/.well-known/jwks.json"
METADATA_PATH: Final = "/.well-known/oauth-authorization-server"
DECISIONS_PATH: Final = "/.well-known/authzen-configuration"
# A key is published long before and after it signs, so caching for a minute, here and at clients, is safe.
FRESH_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 5.0
KEPT_SECONDS: Final = 60
_DOCUMENT_BYTES_MAX: Final = 262_144


def metadata(issuer: str) -> bytes:
    """Return the authorization server's metadata; no OAuth 2.0 grant is supported yet.

    `issuer` is the `iss` of tokens, and the URL by which clients reach the gateway: clients build the metadata's URL from it,
    and refuse metadata of another issuer (RFC 8414 sections 3.1 and 3.3). The empty lists deviate from section 3.2, which omits
    empty lists: omitted lists would mean the defaults of section 2, which are not supported either.
    """
    content = {
        "issuer": issuer,
        "jwks_uri": f"{issuer}{JWKS_PATH}",
        "response_types_supported": [],
        "grant_types_supported": [],
        "service_documentation": f"{issuer}/docs",
    }
    return orjson.dumps(content)


def decision_point(url: str) -> bytes:
    """Return the metadata of the policy decision point (OpenID AuthZEN Authorization API 1.0, section 9).

    `url` is where clients reach the gateway.
    """
    content = {
        "policy_decision_point": url,
        "access_evaluation_endpoint": f"{url}/access/v1/evaluation",
        "access_evaluations_endpoint": f"{url}/access/v1/evaluations",
    }
    return orjson.dumps(content)


class PublicKeys:
    """Identity's JWKS, refreshed on demand; while identity is unavailable, the last one."""

    def __init__(self, upstreams: Upstreams, *, elapsed: Callable[[], float] = elapsed_seconds) -> None:
        self._upstreams = upstreams
        self._elapsed = elapsed
        self._body = b""
        self._due_at = float("-inf")
        self._lock = asyncio.Lock()

    async def get(self) -> bytes:
        """Return the JWKS; raises Refusal (503) until it was read for the first time."""
        async with self._lock:
            if self._elapsed() >= self._due_at:
                await self._refresh()
        if not self._body:
            raise unavailable()
        return self._body

    async def _refresh(self) -> None:
        self._due_at = self._elapsed() + RETRY_SECONDS
        try:
            body = await self._upstreams.read("identity", JWKS_PATH, bytes_max=_DOCUMENT_BYTES_MAX)
            if not orjson.loads(body)["keys"]:
                raise ValueError("no keys")  # noqa: TRY301  # handled below like any other unusable document
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
            log.warning("signing_keys_not_read", error=type(error).__name__)
            return
        self._body = body
        self._due_at = self._elapsed() + FRESH_SECONDS
