from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.bulk_transfers import audit
from payments.application.bulk_transfers.locked_bulk import lock_for_decision
from payments.application.ports.unit_of_work import UnitOfWork
from payments.domain.bulk import Bulk


@dataclass(frozen=True, slots=True)
class ApproveBulk:
    """Approve a waiting bulk transfer, so that all of its lines run.

    The caller holds `payment:approve` and has signed in with two factors within the last minutes.
    """

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, bulk_id: UUID) -> Bulk:
        """Raise NotFound, OwnDecision for its initiator and for users whom it pays, NotPending."""
        async with self.uow.begin(actor) as tx:
            bulk, pays_decider = await lock_for_decision(tx, bulk_id, actor)
            at = self.clock.now()
            with tx.change(audit.BULK, bulk, "approve", at=at):
                bulk.approve(by=actor.user_id, pays_decider=pays_decider, at=at)
            await tx.bulks.save(bulk)
            await tx.bulks.queue(bulk.id)
            return bulk
