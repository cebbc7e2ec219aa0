from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.approvals import ApprovalState
from kernel.clock import Clock
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.transfers.approval import KIND
from payments.application.transfers.locked_transfer import changing, lock_transfer
from payments.domain.errors import LedgerBroken
from payments.domain.transfer import TransferStatus
from payments.domain.transfer_order import EXPIRED


@dataclass(frozen=True, slots=True)
class ExpireTransfers:
    """End holds whose time for a capture or decision has passed, each in its own transaction.

    A transfer whose account does not hold its money is left to the ledger's check and does not block the others.
    """

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, limit: int = 500) -> int:
        """Return how many have ended. After trying all, raise LedgerBroken for the first that could not be ended."""
        actor, at = Actor.service("payments"), self.clock.now()
        async with self.uow.begin(actor) as tx:
            overdue = await tx.transfers.overdue(at, limit=limit)
        ended, broken = 0, []
        for transfer_id in overdue:
            try:
                ended += await self._expire(actor, transfer_id)
            except LedgerBroken as failure:
                broken.append(failure)
        if broken:
            raise broken[0]
        return ended

    async def _expire(self, actor: Actor, transfer_id: UUID) -> bool:
        async with self.uow.begin(actor) as tx:
            locked = await lock_transfer(tx, transfer_id)
            transfer, at = locked.transfer, self.clock.now()
            if not transfer.is_overdue(at):
                # Captured or decided at the last moment.
                return False
            awaited_approval = transfer.status is TransferStatus.PENDING_APPROVAL
            async with changing(tx, locked, "expire", at=at, reason=EXPIRED):
                transfer.expire(locked.accounts, at=at)
            if awaited_approval:
                await tx.approvals.close_of(KIND, [transfer_id], ApprovalState.EXPIRED, at=at)
            return True
