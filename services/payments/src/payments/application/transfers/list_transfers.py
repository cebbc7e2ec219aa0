from dataclasses import dataclass, replace

from kernel.actor import Actor
from kernel.pages import CursorPage, CursorRequest
from payments.application.transfers.views import HistoryFilter, TransferHistory
from payments.domain.transfer import Transfer


@dataclass(frozen=True, slots=True)
class ListTransfers:
    """List the transfers that the caller's wallets sent and received, newest first."""

    history: TransferHistory

    async def __call__(self, *, actor: Actor, wanted: HistoryFilter, cursor: CursorRequest) -> CursorPage[Transfer]:
        """Raise HistoryTooLong, or InvalidValue for a cursor from other filters."""
        return await self.history.history(replace(wanted, owner_id=actor.acts_for), cursor)
