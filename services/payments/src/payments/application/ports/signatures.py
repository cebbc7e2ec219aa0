"""What payments asks identity about a payer's signature."""

from typing import Protocol

from payments.domain.transfer_order import TransferOrder


class Signatures(Protocol):
    async def verify(self, order: TransferOrder) -> None:
        """Verify the order's signature; raises InvalidSignature, or Unavailable when identity does not answer."""
