from dataclasses import dataclass

from kernel.actor import Actor
from kernel.pages import CursorPage, CursorRequest
from kernel.reads import Reads
from payments.application.transfers import audit
from payments.application.transfers.views import TransferHistory, TransferViews
from payments.domain.transfer import Transfer


@dataclass(frozen=True, slots=True)
class ListAwaitingApproval:
    """List all users' transfers that await approval. A page with another user's transfer is recorded."""

    views: TransferViews
    history: TransferHistory
    reads: Reads

    async def __call__(self, *, actor: Actor, cursor: CursorRequest) -> CursorPage[Transfer]:
        page = await self.history.awaiting_approval(cursor)
        others = [transfer for transfer in page.items if transfer.order.initiator_id != actor.user_id]
        if others:
            wallets = {account_id for transfer in others for account_id in (transfer.order.source_id, transfer.order.target_id)}
            owners = await self.views.owners(tuple(wallets)) - {actor.user_id}
            await self.reads.record(actor, audit.waiting_listed(others, owners))
        return page
