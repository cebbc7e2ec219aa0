from dataclasses import dataclass

from kernel.actor import Actor
from kernel.pages import CursorPage, CursorRequest
from kernel.reads import Reads
from payments.application.bulk_transfers import audit
from payments.application.bulk_transfers.views import BulkView, BulkViews


@dataclass(frozen=True, slots=True)
class ListBulksAwaitingApproval:
    """List all users' bulk transfers that await approval. A page with another user's bulk transfer is recorded."""

    views: BulkViews
    reads: Reads

    async def __call__(self, *, actor: Actor, cursor: CursorRequest) -> CursorPage[BulkView]:
        page = await self.views.bulks_awaiting_approval(cursor)
        others = [bulk.initiator_id for bulk in page.items if bulk.initiator_id != actor.user_id]
        if others:
            await self.reads.record(actor, audit.waiting_listed(others))
        return page
