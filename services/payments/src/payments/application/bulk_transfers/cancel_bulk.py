from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.approvals import ApprovalState
from kernel.clock import Clock
from kernel.errors import NotFound
from payments.application.bulk_transfers import audit
from payments.application.bulk_transfers.approval import KIND
from payments.application.ports.unit_of_work import UnitOfWork
from payments.domain.bulk import Bulk, BulkStatus


@dataclass(frozen=True, slots=True)
class CancelBulk:
    """Stop a bulk transfer; settled lines stay settled. Only its payer may. Cancelling it again changes nothing."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, bulk_id: UUID, reason: str) -> Bulk:
        """Raise NotFound, also for other callers, or BulkEnded."""
        async with self.uow.begin(actor) as tx:
            found = await tx.bulks.lock(bulk_id)
            if found is None or found[0].payer_id != actor.acts_for:
                raise NotFound(bulk_id=bulk_id)
            bulk = found[0]
            if bulk.status is BulkStatus.CANCELLING:
                return bulk
            at = self.clock.now()
            with tx.change(audit.BULK, bulk, "cancel", at=at, reason=reason):
                bulk.cancel(reason, at)
            await tx.bulks.save(bulk)
            await tx.approvals.close_of(KIND, [bulk_id], ApprovalState.WITHDRAWN, at=at)
            return bulk
