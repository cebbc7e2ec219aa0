"""Asking compliance again, before what was put on hold moves."""

from uuid import UUID

from kernel.actor import Actor
from kernel.errors import NotFound
from payments.application.ports.screening import Screening
from payments.application.ports.unit_of_work import UnitOfWork
from payments.domain.errors import ScreeningRefused


async def require_clear(uow: UnitOfWork, screening: Screening, transfer_id: UUID, actor: Actor) -> None:
    """Raise ScreeningRefused when it is no longer cleared, NotFound; nothing is locked while compliance thinks."""
    async with uow.begin(actor) as tx:
        transfer = await tx.transfers.find(transfer_id)
    if transfer is None:
        raise NotFound(transfer_id=transfer_id)
    [verdict] = await screening.screen([transfer.order])
    if not verdict.clear:
        raise ScreeningRefused(transfer_id=transfer_id)
