"""Port to identity, which verifies payers' signatures."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from payments.domain.transfer_order import Signature


class Signatures(Protocol):
    async def verify(self, signature: Signature, *, by: UUID, texts: Sequence[bytes]) -> bytes:
        """Return which of the texts a user's device signed. Raise InvalidSignature, or Unavailable without an answer."""
