from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.long_work import LongWork, NotResumable
from payments.application.ledger_verifications import audit
from payments.application.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ResumeLedgerVerification:
    """Queue a failed verification again. It continues after the accounts that it has checked."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, verification_id: UUID) -> LongWork:
        """Raise NotFound, or NotResumable, also while another verification is open."""
        async with self.uow.begin(actor) as tx:
            another = await tx.works.find_open(audit.KIND, audit.WHOLE_LEDGER)
            work = await tx.works.lock(audit.KIND, verification_id)
            if work is None:
                raise NotFound(verification_id=verification_id)
            if another:
                raise NotResumable(state=work.state, open_id=another.id)
            with tx.change(audit.VERIFICATION, work, "resume", at=self.clock.now()) as at:
                work.resume(at)
            await tx.works.save(work)
            await tx.works.queue(work)
            return work
