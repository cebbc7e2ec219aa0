"""Who may decide on a waiting transfer."""

from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from payments.application.ports.permissions import Permissions
from payments.application.transfers.views import TransferViews
from payments.domain.approval import APPROVED_BY


@dataclass(frozen=True, slots=True)
class TransferDeciders:
    """Callers who may approve payments everywhere, or those of the organization that pays. The route admits both."""

    views: TransferViews
    permissions: Permissions

    async def require(self, *, actor: Actor, transfer_id: UUID) -> None:
        """Raise NotFound for other callers, also if they may approve what another organization pays."""
        if self.permissions.allows(actor, APPROVED_BY):
            return
        transfer = await self.views.transfer(transfer_id)
        if transfer is None or not self.permissions.allows_within(actor, APPROVED_BY, transfer.order.organization_id):
            raise NotFound(transfer_id=transfer_id)
