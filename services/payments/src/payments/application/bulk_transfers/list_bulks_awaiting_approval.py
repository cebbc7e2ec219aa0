from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import AccessDenied
from kernel.pages import CursorPage, CursorRequest
from kernel.reads import Reads
from payments.application.bulk_transfers import audit
from payments.application.bulk_transfers.views import BulkView, BulkViews
from payments.application.ports.permissions import Permissions
from payments.domain.approval import APPROVED_BY


@dataclass(frozen=True, slots=True)
class ListBulksAwaitingApproval:
    """List the bulk transfers that await approval: all users', or those that an organization pays.

    A page with another user's bulk transfer is recorded.
    """

    views: BulkViews
    permissions: Permissions
    reads: Reads

    async def __call__(self, *, actor: Actor, cursor: CursorRequest, organization_id: UUID | None = None) -> CursorPage[BulkView]:
        """Raise AccessDenied for callers who may approve payments of some organization only, and ask for others."""
        if not self.permissions.allows_within(actor, APPROVED_BY, organization_id):
            raise AccessDenied(permission=APPROVED_BY, organization_id=organization_id)
        page = await self.views.bulks_awaiting_approval(cursor, organization_id=organization_id)
        others = [bulk.initiator_id for bulk in page.items if bulk.initiator_id != actor.user_id]
        if others:
            await self.reads.record(actor, audit.waiting_listed(others))
        return page
