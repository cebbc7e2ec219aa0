"""The issuer's public keys, from its JWKS (RFC 7517)."""

import asyncio
import json
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from kernel.clock import Clock, SystemClock
from kernel.errors import Unavailable

log = structlog.get_logger()

_TIMEOUT_SECONDS = 3
# Between attempts to get the first keys.
_FIRST_SECONDS = 1.0
_DOCUMENT_BYTES_MAX = 256 * 1024
_KEYS_MAX = 64


class JwksKeys:
    """Fetches keys at first use, for an unknown key id, and when they are old.

    Unknown ids cause a fetch at most every `refetch_seconds`, so that forged ids cannot overload the issuer. While the issuer is
    unavailable the known keys stay; a key that was removed from the JWKS is dropped with the next fetch.
    """

    def __init__(
        self, url: str, *, clock: Clock | None = None, refetch_seconds: float = 10, age_seconds_max: float = 300
    ) -> None:
        self._url = url
        self._clock = clock or SystemClock()
        self._refetch_seconds = refetch_seconds
        self._age_seconds_max = age_seconds_max
        self._keys: dict[str, EllipticCurvePublicKey] = {}
        self._tried_at = float("-inf")
        self._lock = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> EllipticCurvePublicKey | None:
        """Return the key, None if the issuer publishes no key with that id; raises Unavailable before the first fetch."""
        key = self._keys.get(kid)
        if key is None:
            await self._fetch_within_limit(kid)
            key = self._keys.get(kid)
        elif self._older_than(self._age_seconds_max) and (self._refreshing is None or self._refreshing.done()):
            # Refresh in the background: the known key is valid until the new JWKS lacks it.
            self._refreshing = asyncio.create_task(self._fetch_if(self._age_seconds_max))
        if not self._keys:
            raise Unavailable(dependency="identity")
        return key

    async def close(self) -> None:
        if self._refreshing:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)

    def _older_than(self, seconds: float) -> bool:
        return self._clock.elapsed() - self._tried_at >= seconds

    async def _fetch_within_limit(self, kid: str) -> None:
        async with self._lock:
            # The previous holder of the lock may have fetched it.
            if kid not in self._keys and self._older_than(self._refetch_seconds if self._keys else _FIRST_SECONDS):
                await self._fetch()

    async def _fetch_if(self, age_seconds: float) -> None:
        async with self._lock:
            if self._older_than(age_seconds):
                await self._fetch()

    async def _fetch(self) -> None:
        self._tried_at = self._clock.elapsed()
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                keys = _parse(json.loads(await asyncio.to_thread(_download, self._url)))
        except (OSError, HTTPException, ValueError, AttributeError, jwt.PyJWTError) as exc:
            log.warning("jwks_fetch_failed", url=self._url, error=type(exc).__name__)
            return
        if keys:
            self._keys = keys


def _download(url: str) -> bytes:
    """GET synchronously, in a thread: an asynchronous client takes 10 MB, for one small document every few minutes."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("the JWKS URL names no host")
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=_TIMEOUT_SECONDS)
    try:
        path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        connection.request("GET", path, headers={"Accept": "application/json"})
        response = connection.getresponse()
        body = response.read(_DOCUMENT_BYTES_MAX + 1)
    finally:
        connection.close()
    if response.status != HTTPStatus.OK or len(body) > _DOCUMENT_BYTES_MAX:
        raise ValueError(f"status {response.status}, {len(body)} bytes")
    return body


def _parse(document: Any) -> dict[str, EllipticCurvePublicKey]:
    """Return the P-256 signing keys of a JWKS; ignore other keys, as RFC 7517 section 5 requires."""
    if not isinstance(document, Mapping) or not isinstance(document.get("keys"), list):
        raise ValueError("not a JWKS")  # noqa: TRY004  # a malformed document, whatever its type
    keys: dict[str, EllipticCurvePublicKey] = {}
    for entry in document["keys"][:_KEYS_MAX]:
        if entry.get("kty") == "EC" and entry.get("crv") == "P-256" and entry.get("use", "sig") == "sig" and entry.get("kid"):
            key = jwt.PyJWK(entry, algorithm="ES256").key
            if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
                keys[entry["kid"]] = key
    return keys
