"""Derives one key for each purpose."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32


def derive(key: bytes, purpose: str) -> bytes:
    """Derive a 32-byte key for a purpose (HKDF-SHA-256, RFC 5869); `key` must be 32 bytes of full entropy."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(key)}")
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"elcorp/{purpose}".encode()).derive(key)
