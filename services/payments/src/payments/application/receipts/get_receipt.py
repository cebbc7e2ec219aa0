from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.transfers.views import TransferViews
from payments.application.transfers.visible_transfers import VisibleTransfers
from payments.domain.errors import NotPending
from payments.domain.transfer import Transfer, TransferStatus
from payments.domain.transfer_order import TransferOrder, in_leg_order, signed_list

_MOVED: Final = frozenset({TransferStatus.COMPLETED, TransferStatus.REVERSED})


@dataclass(frozen=True, slots=True)
class Receipt:
    """A transfer with its proofs: its hash in the audit log and, if its payer signed it, the signed text."""

    transfer: Transfer
    transaction_hash: str | None
    signed_text: str | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class GetReceipt:
    """Get the receipt of a transfer that has moved money, for callers who may see it."""

    visible: VisibleTransfers
    views: TransferViews
    clock: Clock

    async def __call__(self, *, actor: Actor, transfer_id: UUID) -> Receipt:
        """Raise NotFound, or NotPending while no money has moved."""
        transfer, transaction_hash = await self.visible.read(actor=actor, transfer_id=transfer_id, verb="read_receipt")
        if transfer.status not in _MOVED:
            raise NotPending(transfer_id=transfer_id, status=transfer.status)
        return Receipt(transfer, transaction_hash, await self._signed_text(transfer.order), made_at=self.clock.now())

    async def _signed_text(self, order: TransferOrder) -> str | None:
        if order.signature is None:
            return None
        if order.link_id is None:
            return order.signed_text.decode()
        return signed_list(in_leg_order(await self.views.linked(order.link_id))).decode()
