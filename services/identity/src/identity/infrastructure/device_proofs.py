"""Proofs that a request comes from the holder of a device's key, as in RFC 9449 (DPoP), section 4.

A JWT of type "dpop+jwt", signed by the key in its header, over the method, URL and time of one request. The caller passes the
expected key: the one registered for the device.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from chassis.crypto import verify_device_signature
from chassis.strict_json import MalformedJsonError, read_json
from identity.application.ports.device_keys import UsedProof
from identity.domain.device_key import DeviceKey, KeyAlgorithm
from identity.domain.errors import DeviceProofRefused

# In both directions: a telephone's clock may be wrong by minutes, and a proof is accepted only once, whatever its time.
CLOCK_DIFFERENCE_MAX: Final = timedelta(minutes=5)
_LENGTH_MAX: Final = 4096
_JTI_LENGTH_MAX: Final = 128
_PARTS: Final = 3
# RFC 8037, and RFC 9864 for the name that includes the curve.
_ALGORITHMS: Final = {"ES256": KeyAlgorithm.ES256, "EdDSA": KeyAlgorithm.ED25519, "Ed25519": KeyAlgorithm.ED25519}
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class DpopProofs:
    def __init__(self, *, method: str, url: str) -> None:
        """Take the method and URL as clients see them, which are the gateway's."""
        self._method = method
        self._url = _normal(url)

    def check(self, text: str, key: DeviceKey, *, at: datetime) -> UsedProof:
        header, payload = self._read(text, key)
        if header.get("typ") != "dpop+jwt":
            raise DeviceProofRefused(problem="typ")
        if payload.get("htm") != self._method:
            raise DeviceProofRefused(problem="htm")
        if _normal(payload.get("htu")) != self._url:
            raise DeviceProofRefused(problem="htu")
        issued, jti = payload.get("iat"), payload.get("jti")
        # bool is a subclass of int. RFC 7519 allows fractions.
        if not isinstance(issued, int | float) or isinstance(issued, bool):
            raise DeviceProofRefused(problem="iat")
        if abs(at.timestamp() - issued) > CLOCK_DIFFERENCE_MAX.total_seconds():
            raise DeviceProofRefused(problem="iat")
        if not isinstance(jti, str) or not 0 < len(jti) <= _JTI_LENGTH_MAX:
            raise DeviceProofRefused(problem="jti")
        # After that time, the proof's own time refuses it.
        return UsedProof(hashlib.sha256(jti.encode()).digest(), expires_at=at + 2 * CLOCK_DIFFERENCE_MAX)

    def _read(self, text: str, key: DeviceKey) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return header and payload of a proof that this key signed."""
        parts = text.split(".")
        if len(text) > _LENGTH_MAX or len(parts) != _PARTS:
            raise DeviceProofRefused(problem="form")
        header, payload, signature = _object(parts[0]), _object(parts[1]), _bytes(parts[2])
        # Refuse critical extensions (RFC 7515 section 4.1.11): none is implemented.
        if "crit" in header:
            raise DeviceProofRefused(problem="crit")
        algorithm, jwk = _ALGORITHMS.get(str(header.get("alg"))), header.get("jwk")
        if algorithm is not key.algorithm or not isinstance(jwk, dict) or _public_key(algorithm, jwk) != key.public_key:
            raise DeviceProofRefused(problem="jwk")
        if not verify_device_signature(algorithm.value, key.public_key, signature, f"{parts[0]}.{parts[1]}".encode()):
            raise DeviceProofRefused(problem="signature")
        return header, payload


def _public_key(algorithm: KeyAlgorithm, jwk: Mapping[str, Any]) -> bytes | None:
    """Return a public JWK (RFC 7518 section 6.2, RFC 8037 section 2) in the form of device keys, or None for a private one."""
    if "d" in jwk:
        return None
    if algorithm is KeyAlgorithm.ES256:
        if (jwk.get("kty"), jwk.get("crv")) != ("EC", "P-256"):
            return None
        return b"\x04" + _bytes(jwk.get("x")) + _bytes(jwk.get("y"))
    return _bytes(jwk.get("x")) if (jwk.get("kty"), jwk.get("crv")) == ("OKP", "Ed25519") else None


def _object(part: str) -> Mapping[str, Any]:
    try:
        parsed = read_json(_bytes(part))
    except MalformedJsonError:
        raise DeviceProofRefused(problem="form") from None
    if not isinstance(parsed, dict):
        raise DeviceProofRefused(problem="form")
    return parsed


def _bytes(text: object) -> bytes:
    if not isinstance(text, str):
        raise DeviceProofRefused(problem="form")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise DeviceProofRefused(problem="form") from None


def _normal(url: object) -> tuple[str, str | None, int | None, str] | None:
    """Return a URL in the form for comparing `htu`: without query and fragment (RFC 9449 section 4.3, RFC 3986 6.2)."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return parts.scheme, parts.hostname, port, parts.path
