from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.bulk_transfers import audit
from payments.application.bulk_transfers.locked_bulk import lock_for_decision
from payments.application.ports.unit_of_work import UnitOfWork
from payments.domain.bulk import Bulk


@dataclass(frozen=True, slots=True)
class RejectBulk:
    """Reject a waiting bulk transfer: none of its lines runs."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, bulk_id: UUID, reason: str) -> Bulk:
        """Raise NotFound, OwnDecision for its initiator and for users whom it pays, NotPending."""
        async with self.uow.begin(actor) as tx:
            bulk, pays_decider = await lock_for_decision(tx, bulk_id, actor)
            at = self.clock.now()
            with tx.change(audit.BULK, bulk, "reject", at=at, reason=reason):
                bulk.reject(by=actor.user_id, pays_decider=pays_decider, reason=reason, at=at)
            await tx.bulks.save(bulk)
            return bulk
