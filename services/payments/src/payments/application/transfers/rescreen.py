"""Asking compliance again, before what was put on hold moves."""

from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import NotFound
from payments.application.ports.screening import Screening
from payments.application.ports.unit_of_work import UnitOfWork
from payments.application.transfers import audit
from payments.application.transfers.views import TransferViews
from payments.domain.errors import ScreeningRefused
from payments.domain.transfer_order import TransferOrder


async def require_clear(
    uow: UnitOfWork, views: TransferViews, screening: Screening, clock: Clock, *, actor: Actor, transfer_id: UUID
) -> TransferOrder:
    """Return what the transfer asked for; raises ScreeningRefused when it is no longer cleared, NotFound.

    Nothing is locked while compliance thinks. The refusal is put on record with compliance's reason, which the answer does
    not tell.
    """
    transfer = await views.transfer(transfer_id)
    if transfer is None:
        raise NotFound(transfer_id=transfer_id)
    order = transfer.order
    [verdict] = await screening.screen([order])
    if not verdict.clear:
        async with uow.begin(actor) as tx:
            tx.record(audit.refused(order, reason=verdict.reason, at=clock.now(), transfer_id=transfer_id))
        raise ScreeningRefused(transfer_id=transfer_id)
    return order
