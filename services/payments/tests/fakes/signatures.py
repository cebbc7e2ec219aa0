"""Identity's response about a payer's signature."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from payments.domain.errors import InvalidSignature
from payments.domain.transfer_order import Signature


@dataclass
class FakeSignatures:
    """Accepts one signature value."""

    good: str = "good"

    async def verify(self, signature: Signature, *, by: UUID, texts: Sequence[bytes]) -> bytes:
        assert by
        assert texts
        if signature.value != self.good:
            raise InvalidSignature(field="signature", key_id=signature.key_id)
        # Of the possible texts of an order, the first is of a transfer or conversion.
        return texts[0]
