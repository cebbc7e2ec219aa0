from dataclasses import dataclass, replace

from kernel.actor import Actor
from kernel.pages import CursorPage, CursorRequest
from payments.application.transfers.views import HistoryFilter, TransferHistory
from payments.domain.transfer import Transfer
from payments.domain.transfer_order import TransferKind


@dataclass(frozen=True, slots=True)
class ListPayments:
    """List the payments that the caller made and received, newest first."""

    history: TransferHistory

    async def __call__(self, *, actor: Actor, wanted: HistoryFilter, cursor: CursorRequest) -> CursorPage[Transfer]:
        """Raise HistoryTooLong, or InvalidValue for a cursor from other filters."""
        own = replace(wanted, owner_id=actor.acts_for, kind=TransferKind.PAYMENT)
        return await self.history.history(own, cursor)
