from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from payments.application.transfers.queries import TransferQueries, TransferView


@dataclass(frozen=True, slots=True)
class ReadTransfers:
    """What its maker, its sender and its receiver may see of a transfer; to everybody else there is none."""

    queries: TransferQueries

    async def transfer(self, *, actor: Actor, transfer_id: UUID) -> TransferView:
        transfer = await self.queries.transfer(transfer_id)
        if not transfer:
            raise NotFound(transfer_id=transfer_id)
        if transfer.initiator_id != actor.user_id and not await self.queries.owns_either(
            actor.user_id, (transfer.source_id, transfer.target_id)
        ):
            raise NotFound(transfer_id=transfer_id)
        return transfer
