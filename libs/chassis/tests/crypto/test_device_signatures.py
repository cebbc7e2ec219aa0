"""Signatures of devices, as their own libraries create them."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chassis.crypto import SigningKey, is_device_key, verify_device_signature

MESSAGE = b"elcorp"
ES256_PRIVATE = generate_private_key(SECP256R1())
ED25519_PRIVATE = SigningKey.generate()


def es256(message: bytes) -> bytes:
    r, s = decode_dss_signature(ES256_PRIVATE.sign(message, ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


KEYS = {
    "ES256": ES256_PRIVATE.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
    "Ed25519": ED25519_PRIVATE.public_bytes,
}
SIGN = {"ES256": es256, "Ed25519": ED25519_PRIVATE.sign}


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_devices_own_signature_is_valid_and_every_other_is_not(algorithm: str) -> None:
    key, signature = KEYS[algorithm], SIGN[algorithm](MESSAGE)
    assert is_device_key(algorithm, key)
    assert verify_device_signature(algorithm, key, signature, MESSAGE)
    assert not verify_device_signature(algorithm, key, signature, b"other")
    for place in range(64):
        changed = bytearray(signature)
        changed[place] ^= 1
        assert not verify_device_signature(algorithm, key, bytes(changed), MESSAGE)
    for malformed in (b"", signature[:-1], signature + b"\0", bytes(64), b"\xff" * 64):
        assert not verify_device_signature(algorithm, key, malformed, MESSAGE)


# By name, because all workers must collect the same tests, and each worker creates its own keys.
@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        pytest.param("ES256", b"", id="ES256-empty"),
        pytest.param("ES256", b"\x04" + bytes(64), id="ES256-zero"),
        pytest.param("ES256", b"\x02" + KEYS["ES256"][1:], id="ES256-wrong form"),
        pytest.param("ES256", KEYS["Ed25519"], id="ES256-an Ed25519 key"),
        pytest.param("Ed25519", KEYS["ES256"], id="Ed25519-an ES256 key"),
        pytest.param("Ed25519", bytes(31), id="Ed25519-short"),
        pytest.param("Ed25519", bytes(32), id="Ed25519-zero"),
        pytest.param("Ed25519", b"\x01" + bytes(30) + b"\x80", id="Ed25519-identity"),
        pytest.param(
            "Ed25519",
            bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
            id="Ed25519-small order",
        ),
        pytest.param("HS256", hashlib.sha256(b"").digest(), id="HS256"),
        pytest.param("none", b"", id="none"),
    ],
)
def test_an_invalid_key_verifies_nothing(algorithm: str, key: bytes) -> None:
    assert not is_device_key(algorithm, key)
    assert not verify_device_signature(algorithm, key, bytes(64), MESSAGE)
