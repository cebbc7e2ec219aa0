"""Who may decide on a waiting transfer."""

from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from payments.application.ports.payment_permissions import PaymentPermissions
from payments.application.ports.permissions import Permissions
from payments.application.transfers.views import TransferViews
from payments.domain.approval import APPROVED_BY
from payments.domain.payment_permission import VoteQuestion


@dataclass(frozen=True, slots=True)
class TransferDeciders:
    """Callers who may approve payments everywhere, or those of the organization that pays. The route admits both."""

    views: TransferViews
    permissions: Permissions
    payment_permissions: PaymentPermissions

    async def require(self, *, actor: Actor, transfer_id: UUID) -> None:
        """Raise NotFound for other callers, also if they may approve what another organization pays.

        Raise AccessDenied or StepUpRequired if a policy about votes, such as one about the amount, denies this one.
        """
        denial_of = self.payment_permissions.of_votes()
        if denial_of is None and self.permissions.allows(actor, APPROVED_BY):
            return
        transfer = await self.views.transfer(transfer_id)
        if transfer is None or not self.permissions.allows_within(actor, APPROVED_BY, transfer.order.organization_id):
            raise NotFound(transfer_id=transfer_id)
        order = transfer.order
        vote = VoteQuestion(resource_id=transfer_id, amount=order.amount, organization_id=order.organization_id)
        if denial_of and (denial := denial_of(actor, vote)):
            raise denial
