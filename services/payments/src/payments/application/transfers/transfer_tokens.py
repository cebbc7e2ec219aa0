from dataclasses import dataclass

from kernel.actor import Actor
from payments.application.ports.transfers import Cashier, Settled
from payments.domain.transfer_order import TransferOrder, require_callers_key


@dataclass(frozen=True, slots=True)
class TransferTokens:
    """Move money from the actor's wallet as ordered. Repeating a key returns the first transfer."""

    cashier: Cashier

    async def __call__(self, *, actor: Actor, order: TransferOrder) -> Settled:
        """Raise StepUpRequired, SignatureRequired, InvalidSignature, KeyReused, Unavailable, or the errors of the ledger."""
        require_callers_key(order.key)
        return await self.cashier.settle(order, actor)
