from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import InvalidValue
from kernel.ids import new_id
from payments.application.ports.ledger import Cashier, Settled
from payments.application.ports.signatures import Signatures
from payments.domain.payer_policy import PayerPolicy
from payments.domain.transfer_order import TransferOrder

LINKED_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class TransferTokens:
    """Move money from the actor's wallet as ordered; repeating a key returns the first transfer."""

    cashier: Cashier
    signatures: Signatures
    policy: PayerPolicy
    clock: Clock

    async def __call__(self, *, actor: Actor, order: TransferOrder) -> Settled:
        """Raise StepUpRequired, SignatureRequired, InvalidSignature, KeyReused, whatever the ledger refuses, or Unavailable."""
        self.policy.require_assurance((order.amount,), actor=actor, at=self.clock.now())
        self.policy.require_signature(order)
        if order.signature:
            await self.signatures.verify(order)
        return await self.cashier.settle(order, actor)


@dataclass(frozen=True, slots=True)
class TransferLinked:
    """Move money by several orders, all of them or none; the key of the whole makes it repeatable."""

    cashier: Cashier
    policy: PayerPolicy
    clock: Clock

    async def __call__(self, *, actor: Actor, orders: Sequence[TransferOrder]) -> Sequence[Settled]:
        """Raise what the first refused order raises; none has happened then."""
        if not 1 < len(orders) <= LINKED_MAX:
            raise InvalidValue(field="legs", expected=f"2 to {LINKED_MAX} legs")
        self.policy.require_assurance((order.amount for order in orders), actor=actor, at=self.clock.now())
        for order in orders:
            self.policy.require_signature(order)
        link_id = new_id()
        return await self.cashier.settle_linked([replace(order, link_id=link_id) for order in orders], actor)
