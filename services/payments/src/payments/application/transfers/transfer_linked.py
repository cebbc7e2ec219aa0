from collections.abc import Sequence
from dataclasses import dataclass, replace

from kernel.actor import Actor
from kernel.errors import DomainError, InvalidValue
from kernel.ids import new_id
from payments.application.ports.transfers import Cashier, Settled
from payments.application.transfers.linked_legs import LINKED_MAX, name_leg
from payments.domain.transfer_order import TransferOrder, require_callers_key


@dataclass(frozen=True, slots=True)
class TransferLinked:
    """Settle several orders together or not at all. Repeating the key returns the first transfers."""

    cashier: Cashier

    async def __call__(self, *, actor: Actor, orders: Sequence[TransferOrder]) -> Sequence[Settled]:
        """Raise the error of the first refused order, or ApprovalNeeded. Then no transfer is made."""
        if not 1 < len(orders) <= LINKED_MAX:
            raise InvalidValue(field="legs", expected=f"2 to {LINKED_MAX} legs", given=len(orders))
        require_callers_key(orders[0].key)
        link_id = new_id()
        try:
            return await self.cashier.settle_linked([replace(order, link_id=link_id) for order in orders], actor)
        except DomainError as refusal:
            name_leg(refusal)
            raise
