from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.money import Money
from payments.application.ports.ledger import Cashier, Settled
from payments.domain.transfer_order import TransferKind, TransferOrder


@dataclass(frozen=True, slots=True)
class TransferTokens:
    """Move money from the actor's wallet to another; repeating a key returns the first transfer."""

    cashier: Cashier

    async def __call__(
        self, *, actor: Actor, key: str, source_id: UUID, target_id: UUID, amount: Money, description: str
    ) -> Settled:
        order = TransferOrder(
            kind=TransferKind.TRANSFER,
            key=key,
            initiator_id=actor.user_id,
            source_id=source_id,
            target_id=target_id,
            amount=amount,
            description=description,
        )
        return await self.cashier.settle(order, actor)
