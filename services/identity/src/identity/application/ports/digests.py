"""Keyed digests."""

from typing import Protocol


class Digests(Protocol):
    def __call__(self, text: str) -> bytes:
        """Return a keyed digest, which tells nothing of the text to who lacks the key."""
