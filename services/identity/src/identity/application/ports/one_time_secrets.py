"""Secrets that are sent or shown once and stored as digests."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OneTimeSecret:
    text: str
    digest: bytes


class OneTimeSecrets(Protocol):
    def issue(self) -> OneTimeSecret:
        """Return 256 random bits."""

    def digest(self, text: str) -> bytes: ...
