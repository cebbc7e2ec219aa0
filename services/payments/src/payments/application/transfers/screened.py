"""Asking compliance again, before what was put on hold moves."""

from uuid import UUID

from kernel.errors import NotFound
from payments.application.ports.screening import Screening
from payments.application.transfers.queries import TransferQueries
from payments.domain.errors import ScreeningRefused


async def require_clear(queries: TransferQueries, screening: Screening, transfer_id: UUID) -> None:
    """Raise ScreeningRefused when it is no longer cleared, NotFound; nothing is locked while compliance thinks."""
    order = await queries.order(transfer_id)
    if order is None:
        raise NotFound(transfer_id=transfer_id)
    [verdict] = await screening.screen([order])
    if not verdict.clear:
        raise ScreeningRefused(transfer_id=transfer_id)
