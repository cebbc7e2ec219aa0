"""Keyed digests."""

from typing import Protocol


class Digests(Protocol):
    def __call__(self, text: str) -> bytes:
        """Return a keyed digest. Without the key, it reveals nothing about the text."""
