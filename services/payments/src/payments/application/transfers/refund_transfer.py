from dataclasses import dataclass
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound
from kernel.money import Money
from payments.application.ports.transfers import Settled
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.transfers.compensating_transfer import compensate
from payments.application.transfers.locked_transfer import lock_transfer
from payments.domain.transfer_order import TransferKind


@dataclass(frozen=True, slots=True)
class RefundTransfer:
    """Refund a transfer, in whole or in part. Only its receiver may."""

    uow: UnitOfWork
    clock: Clock

    async def __call__(self, *, actor: Actor, key: str, transfer_id: UUID, amount: Money | None, reason: str) -> Settled:
        """Raise NotFound unless the caller is a party, RefundTooLarge, NotRefundable, NotPending, or errors of the accounts."""
        async with self.uow.begin(actor) as tx:
            locked = await lock_transfer(tx, transfer_id)
            if not locked.is_target(actor):
                raise NotFound(transfer_id=transfer_id)
            return await compensate(
                tx,
                locked,
                TransferKind.REFUND,
                lambda order, at: locked.transfer.refund(order, locked.accounts, at),
                actor=actor,
                key=key,
                amount=amount or locked.transfer.moved,
                reason=reason,
                clock=self.clock,
            )
