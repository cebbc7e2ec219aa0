"""Authenticated encryption at rest: AES-256-GCM, bound to the place where the sealed value is stored."""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chassis.crypto.keys import derive

VERSION: Final = b"\x01"
NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_HEADER_BYTES: Final = len(VERSION) + NONCE_BYTES


class UnsealableError(Exception):
    """The sealed value is damaged, was moved from another place, or was sealed with another key."""


class Sealer:
    """Seals with one key: version byte, 12-byte random nonce, ciphertext, 16-byte tag.

    Random nonces allow 2**32 values per key (NIST SP 800-38D section 8.3); per-subject keys stay far below that.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(derive(key, "seal/v1"))

    def seal(self, plaintext: bytes, context: bytes) -> bytes:
        """Encrypt; `open` needs the same context (see `field_context`)."""
        nonce = os.urandom(NONCE_BYTES)
        return VERSION + nonce + self._cipher.encrypt(nonce, plaintext, VERSION + context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Decrypt; raises UnsealableError unless key, context and every byte are correct."""
        if len(sealed) < _HEADER_BYTES + _TAG_BYTES or sealed[:1] != VERSION:
            raise UnsealableError
        nonce = sealed[1:_HEADER_BYTES]
        try:
            return self._cipher.decrypt(nonce, sealed[_HEADER_BYTES:], VERSION + context)
        except InvalidTag:
            # Drop the cause: do not disclose which check failed.
            raise UnsealableError from None


class SealerRing:
    """Seals with the first of its keys and opens with any of them, during the replacement of a key."""

    def __init__(self, key: bytes, *others: bytes) -> None:
        self._sealers = [Sealer(each) for each in (key, *others)]

    def seal(self, plaintext: bytes, context: bytes) -> bytes:
        return self._sealers[0].seal(plaintext, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Decrypt; raises UnsealableError unless one of the keys, the context and every byte are correct."""
        *rest, last = self._sealers
        for sealer in rest:
            try:
                return sealer.open(sealed, context)
            except UnsealableError:
                continue
        return last.open(sealed, context)

    def reseal(self, sealed: bytes, context: bytes) -> bytes | None:
        """Return the value sealed with the first key, None if it already is. Raises UnsealableError."""
        try:
            self._sealers[0].open(sealed, context)
        except UnsealableError:
            return self.seal(self.open(sealed, context), context)
        return None


def field_context(table: str, column: str, subject: str) -> bytes:
    """Return the context of a sealed value's place, so that a copy in another row or column cannot be opened."""
    parts = [part.encode() for part in (table, column, subject)]
    # Lengths first: ("ab", "c") and ("a", "bc") are different places.
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)
