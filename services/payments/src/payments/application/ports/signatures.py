"""What payments asks identity about a payer's signature."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from payments.domain.transfer_order import Signature


class Signatures(Protocol):
    async def verify(self, signature: Signature, *, by: UUID, texts: Sequence[bytes]) -> bytes:
        """Return the text, of several, that a user's device signed; raises InvalidSignature, or Unavailable without an answer."""
