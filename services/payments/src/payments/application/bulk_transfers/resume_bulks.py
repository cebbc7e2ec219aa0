from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.bulk_transfers import audit
from payments.application.ports.unit_of_work import UnitOfWork
from payments.domain.bulk import BulkStatus

_GIVEN_UP: Final = "could not be run for a day"


@dataclass(frozen=True, slots=True)
class ResumeBulks:
    """Queue again the bulk transfers that no worker runs any more, and cancel those that could not be run for a day."""

    uow: UnitOfWork
    clock: Clock
    silence: timedelta = timedelta(minutes=2)
    patience: timedelta = timedelta(hours=24)

    async def __call__(self, *, limit: int = 100) -> int:
        """Return how many were queued."""
        at = self.clock.now()
        actor = Actor.service("payments")
        async with self.uow.begin(actor) as tx:
            left = await tx.bulks.left_behind(at - self.silence, limit=limit)
        queued = 0
        for bulk_id in left:
            async with self.uow.begin(actor) as tx:
                found = await tx.bulks.lock(bulk_id)
                if found is None or not found[0].status.may_run:
                    continue
                bulk = found[0]
                if at - (bulk.decided_at or bulk.created_at) > self.patience and bulk.status is not BulkStatus.CANCELLING:
                    with tx.change(audit.BULK, bulk, "give_up", at=at, reason=_GIVEN_UP):
                        bulk.cancel(_GIVEN_UP, at)
                    await tx.bulks.save(bulk)
                if bulk.status.is_open:
                    await tx.bulks.queue(bulk_id)
                    queued += 1
        return queued
