from dataclasses import dataclass

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.long_work import LongWork
from payments.application.ledger_verifications import audit
from payments.application.ports.queued_jobs import CHECK_WHOLE_LEDGER
from payments.application.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class VerifyLedger:
    """Queue a verification of the whole ledger, or return the one that is open: there is one at a time."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor) -> tuple[LongWork, bool]:
        """Return the verification, and whether it is new."""
        actor.require_admitted()
        async with self.uow.begin(actor) as tx:
            if found := await tx.works.find_open(audit.KIND, audit.WHOLE_LEDGER):
                return found, False
            at = self.clock.now()
            work = LongWork.ask(audit.KIND, requested_by=actor.subject_id, at=at, exclusive=audit.WHOLE_LEDGER)
            await tx.works.add(work, CHECK_WHOLE_LEDGER)
            tx.create(audit.VERIFICATION, work, "start", at=at)
            return work, True
