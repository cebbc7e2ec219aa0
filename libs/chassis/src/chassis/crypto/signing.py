"""Ed25519 signatures (RFC 8032)."""

from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SEED_BYTES = 32
SIGNATURE_BYTES = 64


class SigningKey:
    """A private key; `bytes(key)` is its 32-byte seed, which must be stored sealed."""

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        self._private_key = private_key
        self.public_bytes = private_key.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> Self:
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_bytes(cls, seed: bytes) -> Self:
        """Load a key from its 32-byte seed; raises ValueError for any other length."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def __bytes__(self) -> bytes:
        return self._private_key.private_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature; it is the same each time for the same message."""
        return self._private_key.sign(message)

    def verify(self, signature: bytes, message: bytes) -> bool:
        return verify_signature(self.public_bytes, signature, message)


def verify_signature(public_bytes: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether a signature of the message is valid for the key; False for malformed input."""
    try:
        Ed25519PublicKey.from_public_bytes(public_bytes).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
