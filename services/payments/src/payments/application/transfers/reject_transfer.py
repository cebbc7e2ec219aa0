from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.transfers.locked_transfer import changing, lock_transfer
from payments.domain.transfer import Transfer


@dataclass(frozen=True, slots=True)
class RejectTransfer:
    """Reject a waiting transfer and release its money."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, transfer_id: UUID, reason: str) -> Transfer:
        """Raise NotFound, OwnDecision for users who ordered, pay or receive it, or NotPending."""
        async with self.uow.begin(actor) as tx:
            locked = await lock_transfer(tx, transfer_id)
            transfer, at = locked.transfer, self.clock.now()
            async with changing(tx, locked, "reject", at=at, reason=reason):
                transfer.reject(locked.accounts, by=actor.user_id, reason=reason, at=at)
            return transfer
