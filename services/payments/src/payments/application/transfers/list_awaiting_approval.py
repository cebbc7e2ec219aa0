from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import AccessDenied
from kernel.pages import CursorPage, CursorRequest
from kernel.reads import Reads
from payments.application.ports.permissions import Permissions
from payments.application.transfers import audit
from payments.application.transfers.views import TransferHistory, TransferViews
from payments.domain.approval import APPROVED_BY
from payments.domain.transfer import Transfer


@dataclass(frozen=True, slots=True)
class ListAwaitingApproval:
    """List the transfers that await approval: all users', or those that an organization pays.

    A page with another user's transfer is recorded.
    """

    views: TransferViews
    history: TransferHistory
    permissions: Permissions
    reads: Reads

    async def __call__(self, *, actor: Actor, cursor: CursorRequest, organization_id: UUID | None = None) -> CursorPage[Transfer]:
        """Raise AccessDenied for callers who may approve payments of some organization only, and ask for others."""
        if not self.permissions.allows_within(actor, APPROVED_BY, organization_id):
            raise AccessDenied(permission=APPROVED_BY, organization_id=organization_id)
        page = await self.history.awaiting_approval(cursor, organization_id=organization_id)
        others = [transfer for transfer in page.items if transfer.order.initiator_id != actor.user_id]
        if others:
            wallets = {account_id for transfer in others for account_id in (transfer.order.source_id, transfer.order.target_id)}
            owners = await self.views.owners(tuple(wallets)) - {actor.user_id}
            await self.reads.record(actor, audit.waiting_listed(others, owners))
        return page
