from dataclasses import dataclass
from typing import Final
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from payments.application.transfers.read_transfers import ReadTransfers
from payments.application.transfers.views import TransferQueries, TransferView
from payments.domain.errors import NotPending
from payments.domain.transfer import TransferStatus
from payments.domain.transfer_order import TransferOrder, in_leg_order, signed_list

_MOVED: Final = frozenset({TransferStatus.COMPLETED, TransferStatus.REVERSED})


@dataclass(frozen=True, slots=True)
class Receipt:
    """What proves a transfer: its hash on the audit log, and what its payer signed where they did."""

    transfer: TransferView
    transaction_hash: str | None
    signed_text: str | None


@dataclass(frozen=True, slots=True)
class ReadReceipt:
    """Make the receipt of money that has moved, for whoever may see the transfer."""

    reads: ReadTransfers
    queries: TransferQueries

    async def __call__(self, *, actor: Actor, transfer_id: UUID) -> Receipt:
        """Raise NotFound; NotPending while there is nothing to give a receipt for."""
        transfer, transaction_hash = await self.reads.proven(actor=actor, transfer_id=transfer_id, verb="read_receipt")
        if transfer.status not in _MOVED:
            raise NotPending(transfer_id=transfer_id, status=transfer.status)
        order = await self.queries.order(transfer_id)
        if order is None:
            raise NotFound(transfer_id=transfer_id)
        return Receipt(transfer, transaction_hash, await self._signed_text(order))

    async def _signed_text(self, order: TransferOrder) -> str | None:
        if order.signature is None:
            return None
        if order.link_id is None:
            return order.signed_text.decode()
        return signed_list(in_leg_order(await self.queries.linked(order.link_id))).decode()
