"""The verifier of access tokens (RFC 8725, RFC 9068)."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, Protocol

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from chassis.auth.claims import Claims
from chassis.auth.errors import ExpiredToken, InvalidToken
from kernel.clock import Clock

_ALGORITHMS: Final = ["ES256"]
_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
# Headers with which a token could choose its own key, or require extensions that we do not support.
_FOREIGN_HEADERS: Final = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip"})
_TOKEN_LENGTH_MAX = 8192
# Our headers have about 100; a longer one could exceed the JSON parser's recursion limit.
_HEADER_LENGTH_MAX = 512


class KeySource(Protocol):
    """The source of the issuer's public keys."""

    async def find(self, kid: str) -> EllipticCurvePublicKey | None:
        """Return the key with that id, None if the issuer has none; raises Unavailable if that is unknown."""


class TokenVerifier:
    """Verifies access tokens offline, and caches verified tokens until they expire.

    The second verification of a token costs a hash and a dict lookup. The cache is bounded and drops its oldest entry first.
    `leeway_seconds` allows for an issuer's clock that is ahead (nbf, iat), but does not extend expiry. `former_issuer` is the
    issuer's previous name, whose tokens are accepted too.
    """

    def __init__(
        self,
        issuer: str,
        audience: str,
        keys: KeySource,
        clock: Clock,
        *,
        former_issuer: str | None = None,
        cache_size: int = 20_000,
        leeway_seconds: int = 5,
    ) -> None:
        self._issuers = (issuer, former_issuer) if former_issuer else (issuer,)
        self._audience = audience
        self._keys = keys
        self.clock = clock
        self._cache_size = cache_size
        self._leeway = timedelta(seconds=leeway_seconds)
        self._verified: dict[bytes, Claims] = {}
        self._jws = jwt.PyJWS(algorithms=_ALGORITHMS)

    async def verify(self, token: str) -> Claims:
        """Return the claims of a valid token; raises ExpiredToken, InvalidToken, or Unavailable before the first keys."""
        fingerprint = _fingerprint(token)
        claims = self._verified.get(fingerprint)
        if claims is None:
            claims = await self._verify(token)
            self._check_times(claims)
            self._remember(fingerprint, claims)
        elif self.clock.now() >= claims.expires_at:
            del self._verified[fingerprint]
            raise ExpiredToken
        return claims

    def remembers(self, token: str) -> bool:
        """Return whether the token is cached, so that verifying it again checks no signature."""
        return _fingerprint(token) in self._verified

    async def _verify(self, token: str) -> Claims:
        if len(token) > _TOKEN_LENGTH_MAX or token.find(".") > _HEADER_LENGTH_MAX or not token.isascii():
            raise InvalidToken(reason="form")
        key = await self._keys.find(_key_id(token))
        if key is None:
            raise InvalidToken(reason="unknown key")
        payload = self._open(token, key)
        if payload.get("iss") not in self._issuers or self._audience not in _audiences(payload):
            raise InvalidToken(reason="issuer or audience")
        return Claims.parse(payload)

    def _open(self, token: str, key: EllipticCurvePublicKey) -> Mapping[str, Any]:
        try:
            signed: bytes = self._jws.decode(token, key, algorithms=_ALGORITHMS)
            payload: object = orjson.loads(signed)
        except (jwt.PyJWTError, ValueError) as exc:
            raise InvalidToken(reason=type(exc).__name__) from None
        if not isinstance(payload, dict):
            raise InvalidToken(reason="payload")
        return payload

    def _check_times(self, claims: Claims) -> None:
        now = self.clock.now()
        if now >= claims.expires_at:
            raise ExpiredToken
        if max(claims.not_before, claims.issued_at) > now + self._leeway:
            raise InvalidToken(reason="not yet valid")

    def _remember(self, fingerprint: bytes, claims: Claims) -> None:
        while len(self._verified) >= self._cache_size:
            del self._verified[next(iter(self._verified))]
        self._verified[fingerprint] = claims


def _fingerprint(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _key_id(token: str) -> str:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as exc:
        raise InvalidToken(reason=type(exc).__name__) from None
    if header.get("alg") not in _ALGORITHMS or not _FOREIGN_HEADERS.isdisjoint(header):
        raise InvalidToken(reason="header")
    kind, kid = header.get("typ"), header.get("kid")
    if not isinstance(kind, str) or kind.lower() not in _TYPES or not isinstance(kid, str) or not kid:
        raise InvalidToken(reason="typ or kid")
    return kid


def _audiences(payload: Mapping[str, Any]) -> list[object]:
    audience = payload.get("aud")
    return audience if isinstance(audience, list) else [audience]
