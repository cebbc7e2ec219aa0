"""Identity's response about a payer's signature."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from kernel.errors import Unavailable
from payments.domain.errors import InvalidSignature
from payments.domain.transfer_order import Signature


@dataclass
class FakeSignatures:
    """Accepts the signatures that a test made, and one value from any user. `away`: identity does not answer.

    `made` has the user and the text of each signature.
    """

    good: str = "good"
    made: dict[Signature, tuple[UUID, bytes]] = field(default_factory=dict)
    away: bool = False

    async def verify(self, signature: Signature, *, by: UUID, texts: Sequence[bytes]) -> bytes:
        assert by
        assert texts
        if self.away:
            raise Unavailable(dependency="identity")
        if signature.value == self.good:
            # Of the possible texts of an order, the first is of a transfer or conversion.
            return texts[0]
        user_id, text = self.made.get(signature, (None, b""))
        if user_id != by or text not in texts:
            raise InvalidSignature(field="signature", key_id=signature.key_id)
        return text
