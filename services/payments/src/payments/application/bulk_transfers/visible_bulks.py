"""Which bulk transfers a caller may see. For the others, NotFound is raised."""

from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.money import Money
from kernel.reads import Reads
from payments.application.bulk_transfers import audit
from payments.application.bulk_transfers.views import BulkView, BulkViews
from payments.application.ports.payment_permissions import PaymentPermissions
from payments.application.ports.permissions import READ_ANY_TRANSFER, Permissions
from payments.domain.approval import APPROVED_BY
from payments.domain.bulk import BulkStatus
from payments.domain.payment_permission import VoteQuestion


@dataclass(frozen=True, slots=True)
class VisibleBulks:
    """Its payer may see a bulk transfer, those who may decide on it, and callers with `transfer:read_any`."""

    views: BulkViews
    permissions: Permissions
    payment_permissions: PaymentPermissions
    reads: Reads

    async def read(self, *, actor: Actor, bulk_id: UUID, verb: str) -> BulkView:
        """Read a bulk transfer. Record the read if it is another user's; `verb` names what was read. Raise NotFound."""
        found = await self.views.bulk(bulk_id)
        if found is None:
            raise NotFound(bulk_id=bulk_id)
        self.require(actor, found)
        if found.payer_id != actor.acts_for:
            await self.reads.record(actor, audit.read(found, verb))
        return found

    def require(self, actor: Actor, bulk: BulkView) -> None:
        """Raise NotFound unless the actor may see it now."""
        if not self._may_see(actor, bulk):
            raise NotFound(bulk_id=bulk.id)

    async def require_decider(self, *, actor: Actor, bulk_id: UUID) -> None:
        """Raise NotFound unless the actor may decide on what belongs to the bulk's organization.

        Raise AccessDenied or StepUpRequired if a policy about votes, such as one about the total, denies this one.
        """
        found = await self.views.bulk(bulk_id)
        if found is None or not self._may_decide(actor, found):
            raise NotFound(bulk_id=bulk_id)
        total = Money.of(found.amount_total, found.currency)
        vote = VoteQuestion(resource_id=bulk_id, amount=total, organization_id=found.organization_id)
        denial_of = self.payment_permissions.of_votes()
        if denial_of and (denial := denial_of(actor, vote)):
            raise denial

    def _may_see(self, actor: Actor, bulk: BulkView) -> bool:
        if (
            bulk.payer_id == actor.acts_for
            or bulk.decided_by == actor.user_id
            or self.permissions.allows_within(actor, READ_ANY_TRANSFER, bulk.organization_id)
        ):
            return True
        return bulk.status == BulkStatus.PENDING_APPROVAL and self._may_decide(actor, bulk)

    def _may_decide(self, actor: Actor, bulk: BulkView) -> bool:
        return self.permissions.allows_within(actor, APPROVED_BY, bulk.organization_id)
