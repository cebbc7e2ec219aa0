from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.long_work import LongWork, WorkState
from payments.application.ledger_verifications import audit
from payments.application.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class CancelLedgerVerification:
    """Cancel a verification. One that runs stops at its next checkpoint; cancelling it again changes nothing."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, verification_id: UUID, reason: str) -> LongWork:
        """Raise NotFound or WorkEnded."""
        async with self.uow.begin(actor) as tx:
            work = await tx.works.lock(audit.KIND, verification_id)
            if work is None:
                raise NotFound(verification_id=verification_id)
            if work.state is WorkState.CANCELLING:
                return work
            with tx.change(audit.VERIFICATION, work, "cancel", at=self.clock.now(), reason=reason) as at:
                work.cancel(at)
            await tx.works.save(work)
            return work
