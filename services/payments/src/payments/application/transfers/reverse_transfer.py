from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from payments.application.ports.transfers import Settled
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.transfers.compensating_transfer import compensate
from payments.application.transfers.locked_transfer import lock_transfer
from payments.domain.errors import OwnDecision
from payments.domain.transfer_order import TransferKind


@dataclass(frozen=True, slots=True)
class ReverseTransfer:
    """Reverse a whole entry with its fees.

    The caller holds `payment:reconcile` and has signed in with two factors within the last minutes.
    """

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, key: str, transfer_id: UUID, reason: str) -> Settled:
        """Raise NotFound, OwnDecision for users who paid or received it, NotPending, or the errors of the accounts.

        Raise NotRefundable for a transfer that was refunded in part.
        """
        async with self.uow.begin(actor) as tx:
            locked = await lock_transfer(tx, transfer_id, with_postings=True)
            if locked.concerns(actor):
                # The rule applies to staff who maintain the ledger, too.
                raise OwnDecision(transfer_id=transfer_id)
            return await compensate(
                tx,
                locked,
                TransferKind.REVERSAL,
                lambda order, at: locked.transfer.reverse(order, locked.accounts, locked.postings, at),
                actor=actor,
                key=key,
                amount=locked.transfer.moved,
                reason=reason,
                clock=self.clock,
            )
