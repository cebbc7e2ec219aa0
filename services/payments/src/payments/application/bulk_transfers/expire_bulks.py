from dataclasses import dataclass

from kernel.actor import Actor
from kernel.approvals import ApprovalState
from kernel.clock import Clock
from payments.application.bulk_transfers import audit
from payments.application.bulk_transfers.approval import KIND
from payments.application.ports.unit_of_work import UnitOfWork
from payments.domain.transfer_order import EXPIRED


@dataclass(frozen=True, slots=True)
class ExpireBulks:
    """End bulk transfers whose time for a decision has passed, each in its own transaction."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, limit: int = 100) -> int:
        """Return how many have ended."""
        actor, at, ended = Actor.service("payments"), self.clock.now(), 0
        async with self.uow.begin(actor) as tx:
            overdue = await tx.bulks.overdue(at, limit=limit)
        for bulk_id in overdue:
            async with self.uow.begin(actor) as tx:
                found = await tx.bulks.lock(bulk_id)
                if found is None or not found[0].is_overdue(at):
                    # Decided at the last moment.
                    continue
                bulk = found[0]
                with tx.change(audit.BULK, bulk, "expire", at=at, reason=EXPIRED):
                    bulk.expire(at=at)
                await tx.bulks.save(bulk)
                await tx.approvals.close_of(KIND, [bulk_id], ApprovalState.EXPIRED, at=at)
                ended += 1
        return ended
