"""Look-up of what is only kept sealed: equal texts give equal digests, and a digest tells nothing without the key."""

import hashlib
import hmac

from chassis.crypto.keys import derive


class BlindIndex:
    """HMAC-SHA-256 under a key of its own purpose; `purpose` ("email") keeps columns from being compared."""

    def __init__(self, key: bytes, *, purpose: str = "default") -> None:
        self._key = derive(key, f"blind-index/v1/{purpose}")

    def __call__(self, text: str) -> bytes:
        """Return 32 bytes for a text; normalise it first (case, spaces), for it is compared byte for byte."""
        return hmac.digest(self._key, text.encode(), hashlib.sha256)
