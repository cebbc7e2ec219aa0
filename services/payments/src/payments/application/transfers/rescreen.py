"""Screen a transfer again before its hold is settled."""

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
    """Return the order of the transfer. Raise ScreeningRefused if it is no longer cleared, or NotFound.

    Nothing is locked during the call to compliance. The refusal is recorded with compliance's reason, which the response does
    not disclose.
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
