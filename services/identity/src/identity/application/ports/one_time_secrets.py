"""Secrets that are sent or shown once, and kept as digests."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OneTimeSecret:
    text: str
    digest: bytes


class OneTimeSecrets(Protocol):
    def issue(self) -> OneTimeSecret:
        """Make 256 random bits."""

    def digest(self, text: str) -> bytes: ...
