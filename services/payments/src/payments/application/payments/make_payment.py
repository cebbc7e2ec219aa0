from dataclasses import dataclass

from kernel.actor import Actor
from payments.application.ports.transfers import Cashier, Settled
from payments.domain.transfer_order import TransferOrder, require_callers_key


@dataclass(frozen=True, slots=True)
class MakePayment:
    """Pay a merchant or biller from the actor's wallet; repeating a key returns the first payment."""

    cashier: Cashier

    async def __call__(self, *, actor: Actor, order: TransferOrder) -> Settled:
        """Raise the errors of TransferTokens."""
        require_callers_key(order.key)
        return await self.cashier.settle(order, actor)
