"""Signatures by device keys: Ed25519, or ES256, which phones' secure elements support."""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from chassis.crypto.signing import verify_signature

ED25519: Final = "Ed25519"
ES256: Final = "ES256"
KEY_BYTES: Final = {ED25519: 32, ES256: 65}
_SIGNATURE_BYTES: Final = 64
_HALF: Final = 32
_UNCOMPRESSED: Final = 0x04
# Points of small order, without their sign bit (as in libsodium): anyone can forge a signature for such a key.
_WEAK_ED25519: Final = frozenset(
    bytes.fromhex(point)
    for point in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)


def is_device_key(algorithm: str, public_key: bytes) -> bool:
    """Return whether the bytes are a public key: 32 bytes for Ed25519, an uncompressed point on the curve (65) for ES256."""
    if len(public_key) != KEY_BYTES.get(algorithm):
        return False
    if algorithm == ED25519:
        return public_key[:-1] + bytes((public_key[-1] & 0x7F,)) not in _WEAK_ED25519
    return _point(public_key) is not None


def verify_device_signature(algorithm: str, public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether a 64-byte signature (ES256: r then s, RFC 7518 section 3.4) is valid; False for malformed input."""
    if len(signature) != _SIGNATURE_BYTES or not is_device_key(algorithm, public_key):
        return False
    if algorithm == ED25519:
        return verify_signature(public_key, signature, message)
    point = _point(public_key)
    r, s = (int.from_bytes(half, "big") for half in (signature[:_HALF], signature[_HALF:]))
    try:
        return point is not None and _verifies(point, encode_dss_signature(r, s), message)
    except ValueError:
        return False


def _verifies(point: EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    try:
        point.verify(signature, message, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _point(public_key: bytes) -> EllipticCurvePublicKey | None:
    if public_key[0] != _UNCOMPRESSED:
        return None
    try:
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), public_key)
    except ValueError:
        return None
