from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.money import Money
from payments.application.ports.transfers import Cashier, Settled
from payments.domain.account import treasury_id
from payments.domain.transfer_order import TransferKind, TransferOrder, require_callers_key


@dataclass(frozen=True, slots=True)
class IssueMoney:
    """Issue money from the treasury into a wallet. The route requires `treasury:issue`."""

    cashier: Cashier

    async def __call__(self, *, actor: Actor, key: str, wallet_id: UUID, amount: Money, reason: str) -> Settled:
        order = TransferOrder(
            kind=TransferKind.ISSUANCE,
            key=require_callers_key(key),
            initiator_id=actor.user_id,
            source_id=treasury_id(amount.currency.code),
            target_id=wallet_id,
            amount=amount,
            description=reason,
        )
        return await self.cashier.settle(order, actor)
