"""The read models of signing keys."""

from collections.abc import Sequence
from typing import Protocol

from identity.domain.signing_key import SigningKey


class SigningKeyViews(Protocol):
    async def signing_keys(self) -> Sequence[SigningKey]:
        """Return the keys that verifiers may need."""
