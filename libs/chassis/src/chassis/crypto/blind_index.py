"""Finds sealed values: equal texts have equal digests, and a digest discloses nothing without the key."""

import hashlib
import hmac

from chassis.crypto.keys import derive


class BlindIndex:
    """HMAC-SHA-256 with a key for one `purpose` ("email"), so that digests of different columns cannot be compared."""

    def __init__(self, key: bytes, *, purpose: str = "default") -> None:
        self._key = derive(key, f"blind-index/v1/{purpose}")

    def __call__(self, text: str) -> bytes:
        """Return 32 bytes for a text. Normalise it first (case, spaces): it is compared byte for byte."""
        return hmac.digest(self._key, text.encode(), hashlib.sha256)
