from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from payments.application.transfers.visible_transfers import VisibleTransfers


@dataclass(frozen=True, slots=True)
class GetTransferCurrency:
    """Get the currency in which an amount of a transfer is given. The read is not recorded."""

    visible: VisibleTransfers

    async def __call__(self, *, actor: Actor, transfer_id: UUID) -> str:
        """Raise NotFound."""
        transfer = await self.visible.find(actor=actor, transfer_id=transfer_id)
        return transfer.order.amount.currency.code
